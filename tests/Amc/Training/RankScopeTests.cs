using AmcEngine.Amc.Objective;
using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Collectives;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.DataParallel;
using AmcEngine.Model.Modules;
using AmcEngine.Ops;
using AmcEngine.Tests.Engine;
using AmcEngine.Tests.Engine.Collectives;
using AmcEngine.Tests.Model;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>What is computed over a rank's own samples, and what over those of all ranks.</summary>
[TestFixture]
internal sealed class RankScopeTests
{
    private static RankScopes Contrastive => new() { Contrastive = true };

    private static RankScopes Negatives => new() { Negatives = true };

    private static RankScopes MaskedWords => new() { MaskedWords = true };

    private static RankScopes Objective => new() { Objective = true };

    /// <summary>
    /// With each rank's own samples, as the reference has it: a process alone takes each share as a batch of its own,
    /// from the same weights and queues; gradients are averaged and queues filled by hand. Nothing is drawn at random,
    /// since a batch of its own would draw as if it came first.
    /// </summary>
    [Test]
    public void Ranks_with_samples_of_their_own_do_what_a_process_does_with_each_share(
        [Values("albef", "albef itc", "blip", "clip")] string kind, [Values(2, 4)] int ranks)
    {
        var settings = new RankSettings(kind, RankScopes.Local)
        {
            Drops = false,
            Steps = 3,
            Negatives = ArgmaxSampler.Instance,
            IsMasked = i => i % 3 != 1,
            HasRegion = i => i > 2,
        };
        var expected = Simulate(settings, ranks);
        foreach (var (rank, result) in ThreadCommunicator.Run(ranks, settings.Run).Index())
        {
            foreach (var (actual, mean) in result.Losses.Zip(expected.Losses))
                foreach (var (a, e) in actual.Zip(mean))
                    Closeness.Near($"{a.Name}, rank {rank}", a.Value, e.Value, 1e-11);
            Assert.That(result.State.Keys, Is.EquivalentTo(expected.State.Keys));
            foreach (var (name, values) in expected.State)
                Closeness.AreClose(
                    $"{name}, rank {rank}", result.State[name]!, values!, 1e-12, TinyTraining.Floor(name));
        }
    }

    /// <summary>Each scope makes its own losses those of the whole batch, and leaves all others as they are.</summary>
    [TestCase("albef", nameof(Contrastive), "ita")]
    [TestCase("albef", nameof(Negatives), "itm")]
    [TestCase("albef", nameof(MaskedWords), "mlm")]
    [TestCase("albef", nameof(Objective), "amc_mean", "amc_max", "selfeq_sim", "selfeq_cst")]
    [TestCase("blip", nameof(Contrastive), "ita")]
    [TestCase("blip", nameof(Negatives), "itm")]
    [TestCase("clip", nameof(Contrastive), "contrastive")]
    public void A_scope_decides_on_its_own_losses(string kind, string scope, params string[] own)
    {
        var scopes = scope switch
        {
            nameof(Contrastive) => Contrastive,
            nameof(Negatives) => Negatives,
            nameof(MaskedWords) => MaskedWords,
            _ => Objective,
        };
        // Shares that are not alike, so that a mean of means is another one.
        var settings = new RankSettings(kind, scopes)
        {
            Steps = 1,
            IsMasked = i => i < 3 || i == 7,
            HasRegion = i => i > 2,
            MayHaveOther = i => i > 1,
        };
        var whole = settings.Run(SingleCommunicator.Instance).Losses[0];
        var apart = ThreadCommunicator.Run(2, (settings with { Scopes = RankScopes.Local }).Run)[0].Losses[0];
        var result = ThreadCommunicator.Run(2, settings.Run)[0].Losses[0];
        foreach (var (i, (name, value)) in result.Index().Skip(1))
        {
            var isOwn = own.Contains(name);
            Closeness.Near(name, value, (isOwn ? whole : apart)[i].Value, 1e-12);
            if (isOwn) Assert.That(Math.Abs(whole[i].Value - apart[i].Value), Is.GreaterThan(1e-7), name);
        }
    }

    /// <summary>Whatever the contrast is computed over.</summary>
    [Test]
    public void Negatives_are_drawn_by_the_similarities_of_their_own_scope(
        [Values("albef", "blip")] string kind, [Values] bool contrastive, [Values] bool negatives)
    {
        var scopes = new RankScopes { Contrastive = contrastive, Negatives = negatives };
        var expected = negatives
            ? Enumerable.Repeat(Weights(SingleCommunicator.Instance, kind, scopes), 2).ToArray()
            : ThreadCommunicator.Run(2, c => Weights(c, kind, RankScopes.Local));
        foreach (var (rank, drawn) in ThreadCommunicator.Run(2, c => Weights(c, kind, scopes)).Index())
        {
            Assert.That(drawn, Has.Count.EqualTo(2), "by texts and by images");
            foreach (var (own, all) in drawn.Zip(expected[rank]))
                Closeness.AreClose(
                    $"rank {rank}", own, negatives ? all[(rank * own.Length)..][..own.Length] : all, 1e-11);
        }
    }

    private static List<double[]> Weights(ICommunicator ranks, string kind, RankScopes scopes)
    {
        var recorder = new Recorder();
        new RankSettings(kind, scopes) { Steps = 1, Negatives = recorder }.Run(ranks);
        return recorder.Weights;
    }

    private static (List<(string Name, double Value)[]> Losses, Dictionary<string, double[]?> State) Simulate(
        RankSettings settings, int ranks)
    {
        using var backend = new CpuBackend(1);
        using var model = TinyModels.Create(settings.Kind, backend, drops: settings.Drops);
        using var optimizer = RankSettings.Optimizer(model);
        List<(string, double)[]> losses = [];
        var count = TinyTraining.Count / ranks;
        for (var step = 0; step < settings.Steps; step++)
        {
            var shares = Enumerable.Range(0, ranks).Select(
                rank => Share(settings, model, step, rank * count, count)).ToArray();
            foreach (var parameter in model.Trainable)
            {
                double[][] gradients = [.. shares.Where(s => s.Gradients.ContainsKey(parameter.Name))
                    .Select(s => s.Gradients[parameter.Name])];
                if (gradients.Length == 0) continue;
                double[] mean = [.. gradients[0].Select((_, i) => gradients.Sum(g => g[i]) / ranks)];
                parameter.Value.Grad = TensorValues.From(mean, parameter.Shape, model.DType, backend);
            }
            FillQueues(model, [.. shares.Select(s => s.Queues)], count);
            optimizer.Step(settings.Rate);
            model.Constrain();
            optimizer.ZeroGrad();
            losses.Add([.. shares[0].Losses.Select((l, i) => (l.Name, shares.Average(s => s.Losses[i].Value)))]);
        }
        return (losses, TinyTraining.State(model));
    }

    private static ShareResult Share(RankSettings settings, IVisionLanguageModel model, int step, int first, int count)
    {
        using var scope = MemoryScope.Begin();
        var inputs = settings.Inputs(model, step, first, count);
        var options = settings.Options(BatchShare.Whole, inputs, first);
        options.Random.BeginStep((uint)step);
        var output = model.Forward(inputs.Pairs, options);
        var terms = RankSettings.Objective.Compute(
            new ObjectiveInputs(new Explained(output.Grounding!), inputs.Regions!, inputs.HasRegion)
            {
                Others = new OtherTexts(() => new Explained(output.GroundTexts!(inputs.Others!)), inputs.IsOther),
            });
        var total = output.Total().Add(terms.Loss);
        total.Backward();
        NamedLoss[] losses = [new("total", total), .. output.Losses, .. terms.Losses];
        var gradients = model.Trainable.Where(p => p.Value.Grad is not null).ToDictionary(
            p => p.Name, p => p.Value.Grad!.ToDoubles());
        foreach (var parameter in model.Trainable)
        {
            parameter.Value.Grad?.Dispose();
            parameter.Value.Grad = null;
        }
        var queues = TinyTraining.State(model).Where(s => s.Key.Contains("queue", StringComparison.Ordinal))
            .ToDictionary(s => s.Key, s => s.Value!);
        model.TakeBack();
        return new ShareResult([.. losses.Select(l => (l.Name, l.Value.Item()))], gradients, queues);
    }

    // The columns that each share has written at the pointer, one share after the other.
    private static void FillQueues(IVisionLanguageModel model, Dictionary<string, double[]>[] shares, int count)
    {
        var entries = model.StateEntries.Where(
            e => e.Name.Contains("queue", StringComparison.Ordinal)).Select(e => e.Parameter).ToArray();
        var (pointers, rings) = (entries.Where(e => e.Name.Contains("ptr", StringComparison.Ordinal)).ToArray(),
            entries.Where(e => !e.Name.Contains("ptr", StringComparison.Ordinal)).ToArray());
        if (rings.Length == 0) return;
        var (start, size) = ((int)pointers[0].Integers![0], rings[0].Shape[1]);
        foreach (var ring in rings)
        {
            var values = ring.Integers is { } whole
                ? Array.ConvertAll(whole, v => (double)v) : ring.Value.ToDoubles();
            for (var row = 0; row < ring.Shape[0]; row++)
                for (var i = 0; i < shares.Length * count; i++)
                    values[row * size + (start + i) % size] =
                        shares[i / count][ring.Name][row * size + (start + i % count) % size];
            if (ring.Integers is null) ring.Value.Load<double>(values);
            else for (var i = 0; i < size; i++) ring.Integers[i] = (long)values[i];
        }
        foreach (var pointer in pointers) pointer.Integers![0] = (start + shares.Length * count) % size;
    }

    /// <summary>Keeps what negatives are drawn by.</summary>
    private sealed class Recorder : IHardNegativeSampler
    {
        public List<double[]> Weights { get; } = [];

        public int[] Sample(double[] weights, int rows, RandomSource random)
        {
            Weights.Add(weights);
            return ArgmaxSampler.Instance.Sample(weights, rows, random);
        }
    }

    private sealed record ShareResult((string Name, double Value)[] Losses, Dictionary<string, double[]> Gradients,
        Dictionary<string, double[]> Queues);
}
