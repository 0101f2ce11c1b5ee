using AmcEngine.Amc.Objective;
using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Tokenization;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine;
using AmcEngine.Tests.Model;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Objective;

[TestFixture]
public sealed class SelfEqObjectiveTests
{
    private CpuBackend _backend = null!;

    [SetUp]
    public void Start() => _backend = new CpuBackend(2);

    [TearDown]
    public void Stop() => _backend.Dispose();

    /// <summary>Both maps carry gradient, each through a gradient of its own; dropout is on in both passes.</summary>
    [TestCase(GroundingMode.Itm)]
    [TestCase(GroundingMode.Itc)]
    public void The_gradient_beside_AMC_agrees_with_differences(GroundingMode mode)
    {
        using var model = Create(mode);
        var objective = new CompositeObjective(
            new AmcObjective(), new SelfEqObjective(0.7, new SelfEqOptions(Threshold: 0.3)));
        DirectionalCheck.Agrees(
            model, () => Terms(model, objective, [true, false, true]).Loss, seed: 2, step: 1e-7, allowed: 2e-6);
    }

    [Test]
    public void Only_samples_with_another_text_enter()
    {
        using var model = Create(GroundingMode.Itm);
        using var scope = MemoryScope.Begin();
        var objective = new SelfEqObjective(options: new SelfEqOptions(Threshold: 0.3));
        double Loss(params bool[] has) => Terms(model, objective, has).Loss.Item();
        Assert.That(Loss(false, false, false), Is.Zero);
        Assert.That(Terms(model, objective, [false, false, false]).Losses.Select(l => l.Name),
            Is.EqualTo(new[] { "selfeq_sim", "selfeq_cst" }));
        double first = Loss(true, false, false), second = Loss(false, true, false);
        Assert.That((first > 0, first), Is.Not.EqualTo((true, second)));
    }

    [Test]
    public void A_text_agrees_with_itself()
    {
        using var model = Create(GroundingMode.Itm, dropout: 0);
        using var scope = MemoryScope.Begin();
        var own = SmallModel.Batch(model).Text;
        var terms = Terms(model, new SelfEqObjective(), [true, true, true], own);
        Closeness.Near("similarity", terms.Losses[0].Value.Item(), 0, 1e-28);
    }

    [Test]
    public void Objectives_are_added_and_each_reports_its_losses()
    {
        using var model = Create(GroundingMode.Itm, dropout: 0);
        using var scope = MemoryScope.Begin();
        var both = Terms(
            model, new CompositeObjective(new AmcObjective(), new SelfEqObjective(0.5)), [true, true, true]);
        var amc = Terms(model, new AmcObjective(), [true, true, true]).Loss.Item();
        var selfEq = Terms(model, new SelfEqObjective(1), [true, true, true]).Loss.Item();
        Assert.That(
            both.Losses.Select(l => l.Name), Is.EqualTo(new[] { "amc_mean", "amc_max", "selfeq_sim", "selfeq_cst" }));
        Closeness.Near("sum", both.Loss.Item(), amc + 0.5 * selfEq, 1e-13);
    }

    private AlbefModel Create(GroundingMode mode, double dropout = 0.1) =>
        SmallModel.Create(_backend, config: SmallModel.Config with
        {
            Mode = mode,
            AmcLayer = mode == GroundingMode.Itc ? 0 : 2,
            Text = SmallModel.Config.Text with { HiddenDropout = dropout, AttentionDropout = dropout },
        });

    private ObjectiveTerms Terms(AlbefModel model, IObjective objective, bool[] isOther, TokenBatch? others = null)
    {
        model.Average!.SetApplied();
        var output = model.Forward(
            SmallModel.Batch(model), new StepOptions(0.4, new RandomSource(21)) { Negatives = ArgmaxSampler.Instance });
        model.TakeBack();
        others ??= SmallModel.Batch(model, seed: 31).Text;
        var mask = new double[3 * 64];
        for (var i = 0; i < mask.Length; i++)
            if (i / 64 * 2 <= i % 8 && i % 8 < 5 && i / 8 % 8 > 2) mask[i] = 1;
        return objective.Compute(
            new ObjectiveInputs(output.Grounding!, Tensor.From(mask, [3, 8, 8], _backend), [true, true, true])
            {
                Others = new OtherTexts(() => new Explained(output.GroundTexts!(others)), isOther),
            });
    }
}
