using System.Diagnostics;
using AmcEngine.Backends.Cpu;
using AmcEngine.Bench.Harness;
using AmcEngine.Collectives;
using AmcEngine.Tensors;

namespace AmcEngine.Bench.Collectives;

/// <summary>Ways in which a job fails while ranks wait for one another; no rank may wait for ever.</summary>
internal static class CollectiveFailures
{
    /// <summary>The last rank does what the scenario says.</summary>
    /// <param name="scenario">
    /// <c>shapes</c> and <c>order</c>: it calls something else; <c>kill</c>: it is killed; <c>abort</c>: it ends the
    /// job with code 7; <c>leave</c>: it comes to its end while the others go on; <c>alone</c>: while they are
    /// silent; <c>missing-first</c> and <c>missing-last</c>: the first or the last rank says nothing for a while, and
    /// the others say for whom they wait; <c>stopped</c>: the last rank is stopped amid sums; <c>uneven</c>: nothing
    /// fails but the library, which gives the ranks different sums.
    /// </param>
    /// <param name="world">All ranks.</param>
    /// <param name="output">Gets what each rank is told.</param>
    public static int Run(string scenario, ICommunicator world, TextWriter output)
    {
        using var backend = new CpuBackend(1);
        var last = world.Rank == world.Size - 1;
        MpiCommunicator.Patience = TimeSpan.FromSeconds(1);
        try
        {
            using (world)
            {
                switch (scenario, last)
                {
                    case ("shapes", _):
                        Reduce(last ? 3 : 4);
                        break;
                    case ("order", true):
                        world.Barrier();
                        break;
                    case ("kill", true):
                        Process.GetCurrentProcess().Kill();
                        break;
                    case ("abort", true):
                        world.Abort(7);
                        break;
                    case ("missing-first" or "missing-last", _):
                        CallTheRoll((MpiCommunicator)world, scenario == "missing-last" ? world.Size - 1 : 0, output);
                        break;
                    case ("stopped", _):
                        StopAmidSums((MpiCommunicator)world, last, backend, output);
                        break;
                    case ("uneven", _):
                        SumTwice(world, backend, output);
                        break;
                    case ("leave" or "alone", true):
                        return 0;
                    case ("alone", false):
                        Thread.Sleep(Timeout.Infinite);
                        break;
                    case ("order" or "kill" or "abort" or "leave", false):
                        Reduce(4);
                        break;
                    default:
                        throw new ArgumentsException(
                            $"bench {CollectivesCheckCommand.Command} {scenario}: for internal use; see bench help");
                }
            }
        }
        catch (CollectiveException e)
        {
            output.WriteLine($"rank {world.Rank}: {e.Message}");
            return 3;
        }
        return 0;

        void Reduce(int count)
        {
            using var t = Tensor.Zeros([count], DType.F32, backend);
            var work = world.AllReduce(t);
            try
            {
                work.Wait();
            }
            catch (CollectiveException)
            {
                // What comes after an error says the same.
                world.Barrier();
            }
        }
    }

    // NaNs first, which may differ, and say nothing of the sums of that length.
    private static void SumTwice(ICommunicator world, CpuBackend backend, TextWriter output)
    {
        foreach (var value in new[] { float.NaN, 1 })
        {
            using var values = Tensor.From(Enumerable.Repeat(value, 7).ToArray(), [7], backend);
            world.AllReduceNow(values);
            output.WriteLine($"rank {world.Rank}: {values.ToDoubles()[0]}");
        }
    }

    // The silent one is heard of again and again, always at the same.
    private static void CallTheRoll(MpiCommunicator world, int silent, TextWriter output)
    {
        world.Tell("step 7", waits: false);
        world.Barrier();
        if (world.Rank == silent)
        {
            using (new Timer(_ => world.Tell("step 8", waits: false), null, 0, 200))
                Thread.Sleep(TimeSpan.FromSeconds(5));
            world.Barrier();
            return;
        }
        var wait = Task.Run(world.Barrier);
        world.Tell("step 9", waits: true);
        Thread.Sleep(TimeSpan.FromSeconds(2.5));
        output.WriteLine($"rank {world.Rank} waits for "
            + string.Join(" and ", world.Missing(TimeSpan.FromSeconds(1.6))));
        wait.Wait();
    }

    // Of large sums one after the other, so that a rank is stopped in one of them and not between.
    private static void StopAmidSums(MpiCommunicator world, bool stops, CpuBackend backend, TextWriter output)
    {
        const int numbers = 1 << 21;
        TimeSpan patience = TimeSpan.FromSeconds(4.5), asking = TimeSpan.FromSeconds(2);
        var stopped = TimeSpan.FromSeconds(3);
        using var values = Tensor.Zeros([numbers], DType.F32, backend);
        // All have told that they wait, as ranks do that wait for one another by turns.
        using var told = new Timer(_ => world.Tell("step 9", waits: true), null, 0, 200);
        var work = Task.Run(() =>
        {
            Span<double> wasStopped = [0];
            for (var before = Stopwatch.GetTimestamp(); wasStopped[0] == 0;)
            {
                world.AllReduceNow(values);
                // Wherever in a round it was.
                var now = Stopwatch.GetTimestamp();
                wasStopped[0] = Stopwatch.GetElapsedTime(before, now) > stopped ? 1 : 0;
                before = now;
                world.AllReduce(wasStopped, Reduction.Max);
            }
        });
        var self = Environment.ProcessId;
        using var shell = stops
            ? Process.Start("sh", ["-c", $"sleep 0.3; kill -STOP {self}; sleep 7; kill -CONT {self}"]) : null;
        if (!stops && !work.Wait(patience))
            output.WriteLine($"rank {world.Rank} waits for {string.Join(" and ", world.Missing(asking))}");
        work.Wait();
    }
}
