using System.Diagnostics;
using System.Globalization;
using AmcEngine.Backends.Cpu;
using AmcEngine.Bench.Harness;
using AmcEngine.Collectives;
using AmcEngine.Tensors;

namespace AmcEngine.Bench.Collectives;

/// <summary>
/// <c>bench collectives-run BYTES…</c>, which a launcher starts: seconds of one all-reduce of so many bytes of floats,
/// measured as bench/Peers/Mpi/allreduce.c does.
/// </summary>
internal static class CollectivesRun
{
    public const string Command = "collectives-run";

    private const int Warm = 3;

    // Of small ones before all else: in a training, too, the code has long been compiled and the processors are awake.
    private const int Early = 20_000, EarlyCount = 1024;

    public static int Run(string[] args, TextWriter output)
    {
        var sizes = args.Select(a => long.TryParse(a, CultureInfo.InvariantCulture, out var n) && n >= 4 ? n : 0);
        if (args.Length == 0 || sizes.Contains(0))
            throw new ArgumentsException($"bench {Command}: for internal use; see bench help");
        using var backend = new CpuBackend(1);
        using var world = Communicator.Open();
        using (var small = Tensor.Zeros([EarlyCount], DType.F32, backend))
            for (var i = 0; i < Early; i++) world.AllReduceNow(small);
        foreach (var bytes in sizes.ToArray())
        {
            double[] seconds = [Seconds(world, backend, bytes)];
            world.AllReduce(seconds, Reduction.Max);
            if (world.Rank == 0)
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{bytes} {seconds[0]:R}"));
        }
        return 0;
    }

    private static double Seconds(ICommunicator world, CpuBackend backend, long bytes)
    {
        var calls = (int)Math.Clamp((64L << 20) / bytes, 4, 400);
        using var data = Tensor.Zeros([(int)(bytes / sizeof(float))], DType.F32, backend);
        for (var i = 0; i < Warm; i++) world.AllReduceNow(data);
        world.Barrier();
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < calls; i++) world.AllReduceNow(data);
        return Stopwatch.GetElapsedTime(start).TotalSeconds / calls;
    }
}
