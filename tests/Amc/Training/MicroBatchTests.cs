using AmcEngine.Amc.Objective;
using AmcEngine.Amc.Training;
using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Text;
using AmcEngine.Optim;
using AmcEngine.Tests.Engine;
using AmcEngine.Tests.Model;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>
/// A step that computes some pairs at a time is the step of the whole batch: its losses, every gradient, queues and
/// momentum copies, with dropout, for every model, objective and size of a part.
/// </summary>
[TestFixture]
internal sealed class MicroBatchTests
{
    private const int Count = TinyTraining.Count;
    private const int Length = TinyTraining.Length;

    private CpuBackend _backend = null!;

    [SetUp]
    public void Start() => _backend = new CpuBackend(2);

    [TearDown]
    public void Stop() => _backend.Dispose();

    [Test]
    public void A_step_by_parts_is_the_step_of_the_whole_batch(
        [Values("albef", "albef itc", "blip", "blip itc", "clip")] string kind, [Values(1, 2, 3, 4)] int size)
    {
        var whole = Step(kind, null);
        Compare(Step(kind, size), whole);
        Assert.That(whole.Losses.Single(l => l.Name == "amc_mean").Value > 0, Is.True, "the hinge of the mean is open");
        Assert.That(whole.Losses.Single(l => l.Name == "amc_max").Value > 0, Is.True);
        Assert.That(whole.Losses.Single(l => l.Name == "selfeq_cst").Value > 0, Is.True);
    }

    /// <summary>Where the losses of the model are no part of what is minimised, nothing of them comes along.</summary>
    [Test]
    public void The_gradient_of_AMC_alone_is_that_of_the_whole_batch(
        [Values("albef", "albef itc", "blip", "clip")] string kind) =>
        CompareAll("gradient", Alone(kind, 3), Alone(kind, null));

    /// <summary>All losses of a step without objective, and a part that holds the whole batch.</summary>
    [TestCase(3)]
    [TestCase(Count)]
    [TestCase(3 * Count)]
    public void Without_an_objective_parts_are_the_batch_as_well(int size) =>
        Compare(Step("albef", size, objective: false), Step("albef", null, objective: false));

    /// <summary>A part's blocks may be computed once more still; their dropout is that of the part's rows.</summary>
    [TestCase("albef")]
    [TestCase("clip")]
    public void Parts_may_keep_the_inputs_of_their_blocks_alone(string kind) =>
        Compare(Step(kind, 3, checkpoint: true), Step(kind, null));

    [Test]
    public void Texts_without_a_masked_word_are_left_out_by_parts_too()
    {
        var few = new MaskedTokens([.. TinyTraining.Ids(3)], [.. Enumerable.Range(0, Count * Length).Select(
            i => i is 7 or 8 or 4 * Length + 1 ? 5 : MaskedTokens.Ignore)]);
        Compare(Step("albef", 1, masked: few), Step("albef", null, masked: few));
        var none = few with { Labels = [.. few.Labels.Select(_ => MaskedTokens.Ignore)] };
        Assert.That(Step("albef", 2, masked: none).Losses.Single(l => l.Name == "mlm").Value, Is.Zero);
    }

    [Test]
    public void A_step_that_fails_takes_the_queues_back()
    {
        using var model = TinyModels.Create("albef", _backend);
        using var optimizer = new AdamW(model.ParameterGroups(0.02));
        var before = TinyTraining.State(model);
        var step = new TrainingStep(model, null, optimizer)
        {
            Differentiated = () => throw new TrainingException("stop"),
        };
        Assert.That(() => Run(step, model, 2), Throws.TypeOf<TrainingException>());
        CompareAll("state", TinyTraining.State(model), before, allowed: 0);
    }

    [Test]
    public void An_op_that_makes_NaN_is_named_by_parts_too()
    {
        using var model = TinyModels.Create("blip", _backend);
        using var optimizer = new AdamW(model.ParameterGroups(0.02));
        var weight = model.Trainable.Single(p => p.Name == "itm_head.weight").Value;
        weight.Load(Enumerable.Repeat(double.NaN, weight.Count).ToArray().AsSpan());
        var step = new TrainingStep(model, null, optimizer) { TraceNaN = true };
        Assert.That(() => Run(step, model, 2), Throws.TypeOf<TrainingException>().With.Message.Contains("linear"));
    }

    [Test]
    public void No_row_at_a_time_is_refused()
    {
        using var model = TinyModels.Create("clip", _backend);
        using var scope = MemoryScope.Begin();
        var options = new StepOptions(0, new RandomSource(1)) { MicroBatch = 0 };
        Assert.That(() => model.Forward(TinyTraining.Inputs(model).Pairs, options),
            Throws.TypeOf<ModelException>().With.Message.Contains("at least 1"));
    }

    /// <summary>Who does not say that all losses are minimised may differentiate them later, one or all.</summary>
    [TestCase("albef", "mlm")]
    [TestCase("albef", "itm")]
    [TestCase("blip", "itm")]
    public void A_loss_may_be_differentiated_by_the_caller_alone(string kind, string loss) =>
        CompareAll("gradient", Loss(kind, loss, 3), Loss(kind, loss, null));

    private static void Compare(Result actual, Result expected)
    {
        Assert.That(actual.Losses.Select(l => l.Name), Is.EqualTo(expected.Losses.Select(l => l.Name)));
        foreach (var (a, e) in actual.Losses.Zip(expected.Losses))
            Closeness.Near(a.Name, a.Value, e.Value, 1e-12);
        CompareAll("gradient", actual.Gradients, expected.Gradients);
        CompareAll("state", actual.State, expected.State);
    }

    private static void CompareAll(string what, Dictionary<string, double[]?> actual,
        Dictionary<string, double[]?> expected, double allowed = 1e-12)
    {
        Assert.That(actual.Where(g => g.Value is null).Select(g => g.Key),
            Is.EquivalentTo(expected.Where(g => g.Value is null).Select(g => g.Key)), $"tensors without {what}");
        Assert.That(expected.Values.Count(v => v is not null) > 10, Is.True);
        foreach (var (name, values) in expected)
            if (values is not null)
                Closeness.AreClose($"{what} of {name}", actual[name]!, values, allowed, TinyTraining.Floor(name));
    }

    private Result Step(
        string kind, int? size, bool objective = true, MaskedTokens? masked = null, bool checkpoint = false)
    {
        using var model = TinyModels.Create(kind, _backend);
        // Weights that do not move show that nothing else has moved them.
        using var optimizer = new AdamW(model.ParameterGroups(0), average: model.Average);
        Dictionary<string, double[]?> gradients = [];
        var step = new TrainingStep(
            model, objective ? new CompositeObjective(TinyTraining.Amc, new SelfEqObjective()) : null, optimizer)
        {
            Differentiated = () => gradients = Gradients(model),
        };
        var losses = Run(step, model, size, masked, checkpoint);
        return new Result(losses, gradients, TinyTraining.State(model));
    }

    private (string Name, double Value)[] Run(
        TrainingStep step, IVisionLanguageModel model, int? size, MaskedTokens? masked = null, bool checkpoint = false)
    {
        using var scope = MemoryScope.Begin();
        var inputs = TinyTraining.Inputs(model);
        var options = new StepOptions(0.4, new RandomSource(3))
        {
            MicroBatch = size,
            Masked = masked,
            CheckpointActivations = checkpoint,
        };
        return step.Run(4, inputs, options, 0);
    }

    private Dictionary<string, double[]?> Alone(string kind, int? size)
    {
        using var model = TinyModels.Create(kind, _backend);
        using var scope = MemoryScope.Begin();
        var options = new StepOptions(0.4, new RandomSource(3))
        {
            MicroBatch = size,
            Explain = Explained.Read,
        };
        model.Average?.SetApplied();
        var output = model.Forward(TinyTraining.Inputs(model).Pairs, options);
        var explained =
            output.Explanation is { } cam ? new Explained(cam) : new Explained(output.Grounding!);
        var regions = TinyTraining.Inputs(model).Regions!;
        TinyTraining.Amc.Compute(new ObjectiveInputs(explained, regions, TinyTraining.HasRegion)).Loss.Backward();
        output.Stages.Backward();
        return Gradients(model);
    }

    private Dictionary<string, double[]?> Loss(string kind, string loss, int? size)
    {
        using var model = TinyModels.Create(kind, _backend);
        using var scope = MemoryScope.Begin();
        var options = new StepOptions(0.4, new RandomSource(3)) { MicroBatch = size, Ground = false };
        model.Average?.SetApplied();
        var output = model.Forward(TinyTraining.Inputs(model).Pairs, options);
        output.Losses.Single(l => l.Name == loss).Value.Backward();
        output.Stages.Backward();
        return Gradients(model);
    }

    private static Dictionary<string, double[]?> Gradients(IVisionLanguageModel model) =>
        model.Trainable.ToDictionary(p => p.Name, p => p.Value.Grad?.ToDoubles());

    private sealed record Result(
        (string Name, double Value)[] Losses, Dictionary<string, double[]?> Gradients,
        Dictionary<string, double[]?> State);
}
