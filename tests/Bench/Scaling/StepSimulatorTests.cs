using AmcEngine.Bench.Scaling;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Bench.Scaling;

/// <summary>The simulation of a step against cases worked out by hand.</summary>
[TestFixture]
internal sealed class StepSimulatorTests
{
    // Two GPUs whose link carries 100 bytes a second, without any latency, loss or spread; samples cost nothing.
    private static readonly Cluster Plain = new()
    {
        GpusPerNode = 2,
        NvlinkBytes = 100,
        NvlinkShare = 1,
        StartMicroseconds = 0,
        NvlinkRingMicroseconds = 0,
        NvlinkTreeMicroseconds = 0,
        NvlinkShortMicroseconds = 0,
        NetworkRingMicroseconds = 0,
        NetworkTreeMicroseconds = 0,
        NetworkShortMicroseconds = 0,
        OverlapLoss = 0,
        Jitter = 0,
        SampleMilliseconds = 0,
    };

    private static readonly SimulationSettings Settings = new() { Steps = 5 };

    private static StepWorkload Work(params (double Seconds, double Bytes)[] gradients) => new()
    {
        Batch = 4,
        Forward = 10,
        Backward = 20,
        SharedBackward = 20,
        Check = 1,
        Update = 3,
        SharedUpdate = 2,
        AveragesAlone = 1.5,
        Gradients = [.. gradients.Select(g => new ReadyGradient(g.Seconds, g.Bytes))],
    };

    // An all-reduce of two ranks takes 2·½·500/100 = 5 s, and cannot begin before the end of the backward pass.
    [Test]
    public void One_bucket_at_the_end_is_exposed_whole()
    {
        var step = Run(Work((20, 500)));
        Near("step", step.Seconds, 10 + 20 + 5 + 1 + 3);
        Near("communication", step.Communication, 5);
        Near("exposed", step.Exposed, 5);
        Near("hidden", step.HiddenShare, 0);
    }

    [Test]
    public void One_bucket_in_time_is_hidden_whole()
    {
        var step = Run(Work((8, 500)));
        Near("step", step.Seconds, 34);
        Near("communication", step.Communication, 5);
        Near("exposed", step.Exposed, 0);
        Near("hidden", step.HiddenShare, 1);
    }

    // From second 0 of the backward pass on, 2,700 bytes take 27 s beside its 20.
    [Test]
    public void What_is_longer_than_the_backward_pass_is_exposed_by_the_rest()
    {
        var step = Run(Work((0, 2700)));
        Near("step", step.Seconds, 34 + 7);
        Near("exposed", step.Exposed, 7);
    }

    // Ready at 4 and 6, 10 s each: the second begins at 14 and ends at 24, 4 s after the backward pass.
    [Test]
    public void Buckets_go_one_after_the_other()
    {
        var step = Run(Work((4, 1000), (6, 1000)), buckets: 1000);
        Near("step", step.Seconds, 34 + 4);
        Near("communication", step.Communication, 20);
        Near("exposed", step.Exposed, 4);
    }

    // Ready at 4, in progress for 10 s in which 5 s of work are done: the other 11 end at 25.
    [Test]
    public void Kernels_beside_a_collective_are_slowed_down()
    {
        var step = Run(Work((4, 1000)), Plain with { OverlapLoss = 0.5 });
        Near("step", step.Seconds, 34 + 5);
        Near("exposed", step.Exposed, 0);
    }

    [Test]
    public void Agreements_are_waited_for_twice()
    {
        var step = Run(Work(), Plain with { NvlinkShortMicroseconds = 1.5e6 });
        Near("step", step.Seconds, 34 + 2 * 2 * 1.5);
        Near("exposed", step.Exposed, 6);
    }

    // A gather of 2·4·100 bytes on two ranks takes 4 s: beside the backward pass, or waited for there and back.
    [TestCase(false, 34)]
    [TestCase(true, 34 + 8)]
    public void Features_are_waited_for_where_contrast_is_global(bool isGlobal, double expected)
    {
        var step = Run(Work() with { FeatureBytes = 100 }, settings: Settings with { GlobalContrast = isGlobal });
        Near("step", step.Seconds, expected);
        Near("communication", step.Communication, isGlobal ? 8 : 4);
    }

    // Each rank has one of two equal gradients, 400 bytes: the update takes 2/2 s, the gather of 800 bytes 4 s, the
    // copies 1.5 s. The reduce-scatter of 4 s is hidden.
    [Test]
    public void A_shared_update_takes_a_part_of_the_time_and_a_gather()
    {
        var step = Run(Work((0, 400), (0, 400)), settings: Settings with { ShardsOptimizer = true });
        Near("step", step.Seconds, 10 + 20 + 1 + 1 + 4 + 1.5);
        Near("communication", step.Communication, 4 + 4);
    }

    // One of 600 bytes in 800 cannot be shared out: 2·¾ s.
    [Test]
    public void The_largest_gradient_bounds_a_shared_update()
    {
        var step = Run(Work((0, 600), (0, 200)), settings: Settings with { ShardsOptimizer = true });
        Near("step", step.Seconds, 10 + 20 + 1 + 1.5 + 4 + 1.5);
    }

    // The slowest rank is waited for as long, at one meeting or at several.
    [Test]
    public void Ranks_wait_for_the_slowest_wherever_they_meet()
    {
        var uneven = Plain with { Jitter = 0.1 };
        var local = Run(Work((20, 1e-9)), uneven);
        var global = Run(Work(), uneven, settings: Settings with { GlobalContrast = true });
        Near("step", global.Seconds, local.Seconds);
        Assert.That(local.Waiting, Is.InRange(0.1, 5));
        Near("waiting", global.Waiting, local.Waiting);
    }

    // 4 pairs of 15 s on one core: a batch a minute.
    [Test]
    public void Slow_samples_set_the_pace()
    {
        var step = Run(Work(), Plain with { SampleMilliseconds = 15000, LoaderCores = 1 });
        Near("step", step.Seconds, 60);
        Near("data", step.Data, 26);
    }

    [Test]
    public void One_gpu_packs_no_gradients()
    {
        var work = Work((0, 0)) with { SharedBackward = 22 };
        Near("one", StepSimulator.Run(work, Plain, 1, Settings).Seconds, 34);
        Near("two", StepSimulator.Run(work, Plain, 2, Settings).Seconds, 36);
    }

    [Test]
    public void Without_cost_of_communication_all_gpus_are_as_fast_as_one()
    {
        var free = Plain with
        {
            GpusPerNode = 8,
            NvlinkBytes = double.MaxValue,
            NetworkBytes = double.MaxValue,
            NetworkShare = 1,
        };
        foreach (var ranks in new[] { 2, 8, 64 })
            Near($"{ranks}", StepSimulator.Run(Work((3, 1e9), (20, 1e9)), free, ranks, Settings).Seconds, 34);
    }

    [Test]
    public void The_slowest_of_many_ranks_sets_the_pace_and_a_seed_repeats_it()
    {
        var spread = Plain with { Jitter = 0.05, GpusPerNode = 64 };
        double Seconds(int ranks, int seed) =>
            StepSimulator.Run(Work((0, 0)), spread, ranks, Settings with { Seed = seed, Steps = 50 }).Seconds;
        Assert.Multiple(() =>
        {
            // Mean and largest of 64 of |x| for a normal x: 0.798 and about 2.6 deviations.
            Closeness.Near("one", Seconds(1, 1), 34 * (1 + 0.798 * 0.05), 34 * 0.015);
            Closeness.Near("64", Seconds(64, 1), 34 * (1 + 2.6 * 0.05), 34 * 0.03);
            var (first, again) = (Seconds(64, 2), Seconds(64, 2));
            Assert.That(again, Is.EqualTo(first).And.Not.EqualTo(Seconds(64, 1)));
        });
    }

    [Test]
    public void More_bandwidth_never_makes_a_step_longer()
    {
        var work = Work([.. Enumerable.Range(0, 20).Select(i => ((double)i, 3e9))]);
        var times = Enumerable.Range(0, 12).Select(i => StepSimulator.Run(work, Cluster.H100 with
        {
            NvlinkBytes = 1e9 * Math.Pow(2, i),
            NetworkBytes = 1e8 * Math.Pow(2, i),
        }, 32, Settings).Seconds).ToArray();
        Assert.That(times.Zip(times.Skip(1)).All(t => t.First >= t.Second), Is.True, string.Join(" ", times));
        Assert.That(times[0] > 1.5 * times[^1], Is.True, "it matters at all");
    }

    [Test]
    public void Buckets_hold_what_fits_in_the_order_of_completion()
    {
        ReadyGradient[] gradients = [new(5, 30), new(1, 60), new(2, 30), new(3, 20), new(4, 500), new(6, 70)];
        Assert.That(GradientBuckets.Of(gradients, 100), Is.EqualTo(new GradientBucket[]
        {
            new(2, 90), new(3, 20), new(4, 500), new(6, 100),
        }));
    }

    private static SimulatedStep Run(
        StepWorkload work, Cluster? cluster = null, SimulationSettings? settings = null, double buckets = 1e9) =>
        StepSimulator.Run(work, cluster ?? Plain, 2, (settings ?? Settings) with { BucketBytes = buckets });

    private static void Near(string what, double actual, double expected) =>
        Closeness.Near(what, actual, expected, 1e-9 * Math.Max(1, expected));
}
