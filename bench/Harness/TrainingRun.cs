using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Profiling;
using AmcEngine.Amc.Runs;
using AmcEngine.Amc.Training;
using AmcEngine.Backends;
using AmcEngine.Backends.Gpu;

namespace AmcEngine.Bench.Harness;

/// <summary>Some training steps on a device: losses, times, and the weights they end with.</summary>
/// <param name="Losses">Losses by step, then by name.</param>
/// <param name="Seconds">Time of each step.</param>
/// <param name="Launches">Kernels launched by the last step.</param>
/// <param name="WeightHash">SHA-256 of all weights after the last step.</param>
internal sealed record TrainingRun(IReadOnlyList<IReadOnlyList<(string Name, double Value)>> Losses, double[] Seconds,
    long Launches, string WeightHash)
{
    /// <summary>The median of the later half: the first steps compile kernels.</summary>
    public double MedianSeconds => Median.Of(Seconds[(Seconds.Length / 2)..]);

    public static TrainingRun On(IBackend backend, string config, IReadOnlyList<string> settings, int steps)
    {
        using var session = TrainingSession.Create(RunConfig.Load(config, settings), backend);
        var step = new OptimizationStep(session, traceNaN: false);
        var losses = new List<IReadOnlyList<(string, double)>>();
        var seconds = new double[steps];
        var launches = 0L;
        backend.ResetPeak();
        for (var i = 0; i < steps; i++)
        {
            (var record, seconds[i], launches) = Timed(backend, step);
            losses.Add(record.Losses);
        }
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var parameter in session.Model.Trainable)
            hash.AppendData(MemoryMarshal.AsBytes(parameter.Value.ToArray<float>().AsSpan()));
        return new TrainingRun(losses, seconds, launches, Convert.ToHexString(hash.GetHashAndReset()));
    }

    /// <summary>
    /// One step with its time, from an empty queue to an empty queue, and the number of kernels that it launched.
    /// </summary>
    public static (StepRecord Record, double Seconds, long Launches) Timed(IBackend backend, OptimizationStep step)
    {
        backend.Synchronize();
        var launches = Launched(backend);
        var start = Stopwatch.GetTimestamp();
        var record = step.Run();
        backend.Synchronize();
        return (record, Stopwatch.GetElapsedTime(start).TotalSeconds, Launched(backend) - launches);
    }

    /// <summary>Whether two runs gave the same bits.</summary>
    public bool SameBits(TrainingRun other) =>
        WeightHash == other.WeightHash && Losses.Zip(other.Losses).All(p => p.First.SequenceEqual(p.Second));

    // Kernels launched so far; 0 where that is not counted.
    private static long Launched(IBackend device) => device is GpuBackend gpu ? gpu.Launches : 0;
}
