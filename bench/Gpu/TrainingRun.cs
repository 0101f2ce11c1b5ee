using System.Runtime.InteropServices;
using System.Security.Cryptography;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Training;
using AmcEngine.Backends;

namespace AmcEngine.Bench.Gpu;

/// <summary>Some training steps on a device: losses, times, and the weights they end with.</summary>
/// <param name="Losses">Losses by step, then by name.</param>
/// <param name="Seconds">Time of each step.</param>
/// <param name="WeightHash">SHA-256 of all weights after the last step.</param>
/// <param name="PeakBytes">Most memory in use.</param>
internal sealed record TrainingRun(IReadOnlyList<IReadOnlyList<(string Name, double Value)>> Losses, double[] Seconds, string WeightHash, long PeakBytes)
{
    public double MedianSeconds => Timing.MedianOf(Seconds);

    public static TrainingRun On(IBackend backend, string config, IReadOnlyList<string> settings, int steps)
    {
        using var session = TrainingSession.Create(RunConfig.Load(config, settings), backend);
        var step = new OptimizationStep(session, traceNaN: false);
        var losses = new List<IReadOnlyList<(string, double)>>();
        var seconds = new double[steps];
        backend.ResetPeak();
        for (var i = 0; i < steps; i++)
        {
            var record = step.Run();
            losses.Add(record.Losses);
            seconds[i] = record.Seconds;
        }
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var parameter in session.Model.Trainable)
            hash.AppendData(MemoryMarshal.AsBytes(parameter.Value.ToArray<float>().AsSpan()));
        return new TrainingRun(losses, seconds, Convert.ToHexString(hash.GetHashAndReset()), backend.PeakBytes);
    }

    /// <summary>Whether two runs gave the same bits.</summary>
    public bool SameBits(TrainingRun other) =>
        WeightHash == other.WeightHash && Losses.Zip(other.Losses).All(p => p.First.SequenceEqual(p.Second));
}
