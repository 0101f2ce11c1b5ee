using AmcEngine.Amc.Objective;
using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Text;
using AmcEngine.Model.Vision;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine;
using AmcEngine.Tests.Model;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Objective;

[TestFixture]
public sealed class AmcObjectiveTests
{
    private const double StepSize = 1e-6;

    private CpuBackend _backend = null!;

    [SetUp]
    public void Start() => _backend = new CpuBackend(2);

    [TearDown]
    public void Stop() => _backend.Dispose();

    /// <summary>Dropout is on: its masks replay, and the gradient with respect to the map contains them.</summary>
    [TestCase(1UL)]
    [TestCase(2UL)]
    [TestCase(3UL)]
    public void The_whole_gradient_agrees_with_differences_along_random_directions(ulong seed)
    {
        using var model = SmallModel.Create(_backend);
        // Central differences of a loss of size 1: rounding / step.
        DirectionalCheck.Agrees(model, () => Loss(model, [true, true, true]), seed, StepSize, 2e-9);
    }

    [Test]
    public void Samples_without_a_region_do_not_enter()
    {
        using var model = SmallModel.Create(_backend);
        using var scope = MemoryScope.Begin();
        var batch = SmallModel.Batch(model);
        var output = Step(model, batch);
        var objective = new AmcObjective();
        var first = objective.Compute(new(output.Grounding!, Regions(1), [true, false, false])).MaxLoss.Item();
        var second = objective.Compute(new(Step(model, batch).Grounding!, Regions(1), [false, true, false]))
            .MaxLoss.Item();
        var both = objective.Compute(new(Step(model, batch).Grounding!, Regions(1), [true, true, false]))
            .MaxLoss.Item();
        Closeness.Near("loss of both", both, (first + second) / 2, 1e-15);
    }

    [Test]
    public void A_batch_without_any_region_costs_nothing()
    {
        using var model = SmallModel.Create(_backend);
        using var scope = MemoryScope.Begin();
        var output = Step(model, SmallModel.Batch(model));
        var terms = new AmcObjective().Compute(new(output.Grounding!, Regions(0), [false, false, false]));
        Assert.That(terms.Loss.Item(), Is.Zero);
        Assert.That(() => output.Total().Add(terms.Loss).Backward(), Throws.Nothing);
    }

    [Test]
    public void Masks_of_another_batch_are_refused()
    {
        using var model = SmallModel.Create(_backend);
        using var scope = MemoryScope.Begin();
        var grounding = Step(model, SmallModel.Batch(model)).Grounding!;
        Assert.That(
            () => new AmcObjective().Compute(new(grounding, Regions(1), [true, true])),
            Throws.TypeOf<ModelException>().With.Message.Contains("2 indicators for 3 samples"));
    }

    private Tensor Loss(AlbefModel model, bool[] hasRegion) =>
        new AmcObjective().Compute(new(Step(model, SmallModel.Batch(model)).Grounding!, Regions(1), hasRegion)).Loss;

    private static AlbefOutput Step(AlbefModel model, PairBatch batch) =>
        model.Forward(batch, new StepOptions(0.4, new RandomSource(21)) { Negatives = ArgmaxSampler.Instance });

    private Tensor Regions(double inside)
    {
        var mask = new double[3 * 64];
        for (var i = 0; i < mask.Length; i++)
            if (i / 64 * 2 <= i % 8 && i % 8 < 5 && i / 8 % 8 > 2) mask[i] = inside;
        return Tensor.From(mask, [3, 8, 8], _backend);
    }
}
