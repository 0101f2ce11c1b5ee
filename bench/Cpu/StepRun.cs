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

/// <summary>What the process of one configuration found beside times.</summary>
/// <param name="PeakRss">Most bytes resident.</param>
/// <param name="PeakTensors">Most bytes of tensors; 0 where that is not counted.</param>
/// <param name="Note">What differs from the configuration.</param>
internal sealed record StepFigures(long PeakRss, long PeakTensors, string Note);

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

    /// <summary>
    /// The process: <c>steps N</c> is answered by <c>seconds S …</c>, <c>end</c> by <c>figures {…}</c>.
    /// </summary>
    public static int Serve(string[] args, TextReader input, TextWriter output)
    {
        if (args is not [var what, var threads])
            throw new ArgumentsException($"bench {Command}: for internal use; see bench help");
        return LineProcess.Serve(output, () =>
        {
            using var backend = new CpuBackend(int.Parse(threads, CultureInfo.InvariantCulture));
            using var work = what == Vit ? Vision(backend) : Training(backend, what);
            LineProcess.Say(output, $"hello {backend.Device.Details}");
            while (input.ReadLine()?.Split(' ') is ["steps", var count])
            {
                var seconds = Enumerable.Range(0, int.Parse(count, CultureInfo.InvariantCulture)).Select(
                    _ => work.Step().ToString("R", CultureInfo.InvariantCulture));
                LineProcess.Say(output, $"seconds {string.Join(' ', seconds)}");
            }
            var peak = MemoryUse.PeakResident() ?? Process.GetCurrentProcess().PeakWorkingSet64;
            LineProcess.Say(output,
                $"figures {JsonSerializer.Serialize(new StepFigures(peak, backend.PeakBytes, work.Note))}");
        });
    }

    /// <summary>The configuration as it is measured here, and what differs from its file.</summary>
    public static (RunConfig Config, string Note) Load(string path)
    {
        var run = RunConfig.Load(path, []);
        // The dataset's files may be missing: shapes of the same size cost the same.
        return run.Text("dataset") == "fashion-scenes"
            && !(FashionMnist.IsInstalled(SceneSplit.Train) && FashionMnist.IsInstalled(SceneSplit.Test))
                ? (RunConfig.Load(path, ["dataset=scenes"]), "on generated shapes: Fashion-MNIST is not installed")
                : (run, "");
    }

    private static Work Training(CpuBackend backend, string path)
    {
        var (config, note) = Load(path);
        var session = TrainingSession.Create(config, backend);
        var step = new OptimizationStep(session, traceNaN: false);
        return new Work(() => TrainingRun.Timed(backend, step).Seconds, note, session.Dispose);
    }

    private static Work Vision(CpuBackend backend)
    {
        var config = new VisionConfig();
        var encoder = VisionTransformer.Create(config, backend);
        var image = Operands.Draw(backend, [VitBatch, 3, config.ImageRes, config.ImageRes]);
        return new Work(Step, "", encoder.Dispose);

        double Step()
        {
            using var scope = MemoryScope.Begin();
            var start = Stopwatch.GetTimestamp();
            encoder.Forward(image, ForwardContext.Evaluation).Mean().Backward();
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            foreach (var p in encoder.Parameters)
            {
                p.Value.Grad?.Dispose();
                p.Value.Grad = null;
            }
            return seconds;
        }
    }

    private sealed record Work(Func<double> Step, string Note, Action End) : IDisposable
    {
        public void Dispose() => End();
    }
}
