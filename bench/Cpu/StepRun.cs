using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Training;
using AmcEngine.Autograd;
using AmcEngine.Backends.Cpu;
using AmcEngine.Bench.Harness;
using AmcEngine.DataTools;
using AmcEngine.Memory;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Vision;
using AmcEngine.Ops;

namespace AmcEngine.Bench.Cpu;

/// <summary>What the process of one configuration found.</summary>
/// <param name="Seconds">Each step after the warm-up.</param>
/// <param name="PeakRss">Most bytes resident.</param>
/// <param name="PeakTensors">Most bytes of tensors.</param>
/// <param name="Note">What differs from the configuration.</param>
internal sealed record StepFigures(double[] Seconds, long PeakRss, long PeakTensors, string Note);

/// <summary>Whole steps of one configuration, in this process: <c>vit</c>, or a configuration file.</summary>
internal static class StepRun
{
    /// <summary>Hidden command of the process.</summary>
    public const string Command = "step-run";

    /// <summary>Name of the line that is no configuration: ViT-B forward and backward, batch 2, 256 pixels.</summary>
    public const string Vit = "vit";

    /// <summary>
    /// Arithmetic of <see cref="Vit"/>: the matrix products of 12 layers on 257 tokens, forward and twice that
    /// backward.
    /// </summary>
    public const double VitFlops = 277e9;

    private const int VitBatch = 2;

    /// <summary>Runs and prints one line of JSON.</summary>
    public static int Serve(string[] args, TextWriter output)
    {
        if (args is not [var what, var warmUp, var steps, var threads])
            throw new ArgumentsException($"bench {Command}: for internal use; see bench help");
        using var backend = new CpuBackend(int.Parse(threads, CultureInfo.InvariantCulture));
        var (skip, count) =
            (int.Parse(warmUp, CultureInfo.InvariantCulture), int.Parse(steps, CultureInfo.InvariantCulture));
        var (seconds, note) =
            what == Vit ? (VisionSteps(backend, skip + count), "") : TrainingSteps(backend, what, skip + count);
        output.WriteLine(JsonSerializer.Serialize(new StepFigures(seconds[skip..],
            MemoryUse.PeakResident() ?? Process.GetCurrentProcess().PeakWorkingSet64, backend.PeakBytes, note)));
        return 0;
    }

    private static (double[] Seconds, string Note) TrainingSteps(CpuBackend backend, string config, int steps)
    {
        var run = RunConfig.Load(config, []);
        var note = "";
        // The dataset's files may be missing: shapes of the same size cost the same.
        if (run.Text("dataset") == "fashion-scenes"
            && !(FashionMnist.IsInstalled(SceneSplit.Train) && FashionMnist.IsInstalled(SceneSplit.Test)))
            (run, note) =
                (RunConfig.Load(config, ["dataset=scenes"]), "on generated shapes: Fashion-MNIST is not installed");
        using var session = TrainingSession.Create(run, backend);
        var step = new OptimizationStep(session, traceNaN: false);
        return ([.. Enumerable.Range(0, steps).Select(_ => TrainingRun.Timed(backend, step).Seconds)], note);
    }

    private static double[] VisionSteps(CpuBackend backend, int steps)
    {
        var config = new VisionConfig();
        using var encoder = VisionTransformer.Create(config, backend);
        var image = Operands.Draw(backend, [VitBatch, 3, config.ImageRes, config.ImageRes]);
        var seconds = new double[steps];
        for (var i = 0; i < steps; i++)
        {
            using var scope = MemoryScope.Begin();
            var start = Stopwatch.GetTimestamp();
            encoder.Forward(image, ForwardContext.Evaluation).Mean().Backward();
            seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            foreach (var p in encoder.Parameters)
            {
                p.Value.Grad?.Dispose();
                p.Value.Grad = null;
            }
        }
        return seconds;
    }
}
