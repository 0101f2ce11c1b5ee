using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Checkpoints;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Modules;
using AmcEngine.Ops;
using AmcEngine.Serialization;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Model;

/// <summary>
/// ALBEF's fine-tuning, to which the other texts about a picture are right; the losses themselves are held against
/// loops in <see cref="PretrainingOracleTests"/>.
/// </summary>
[TestFixture]
public sealed class SamePictureTests
{
    private static readonly AlbefConfig Positive = SmallModel.Config with { SamePicture = SamePicture.Positive };

    private CpuBackend _backend = null!;

    [OneTimeSetUp]
    public void Start() => _backend = new CpuBackend(2);

    [OneTimeTearDown]
    public void Stop() => _backend.Dispose();

    [Test]
    public void The_gradient_of_the_objective_agrees_with_differences()
    {
        using var model = SmallModel.Create(_backend, config: Positive);
        ((long[])[-100, 8, -100, -100, -100, 3, -100, -100]).CopyTo(Numbers(model), 0);
        // The temperature also makes the soft targets, which are constants of the loss: it stays where it is.
        DirectionalCheck.Agrees(model, Loss, seed: 4, step: 1e-6, allowed: 2e-8, stays: p => p.Name == "temp");

        // The copies stay where they are, and the queues go back to where they were.
        Tensor Loss()
        {
            model.Average!.SetApplied();
            var output = Forward(model, [3, 8, 3, 9]);
            model.TakeBack();
            return output.Total();
        }
    }

    [Test]
    public void Numbers_follow_the_text_queue_around_its_end_and_back()
    {
        using var model = SmallModel.Create(_backend, config: Positive);
        using var scope = MemoryScope.Begin();
        Forward(model, [5, 6, 7, 8]);
        Forward(model, [1, 2, 3]);
        Assert.That(Numbers(model), Is.EqualTo(new long[] { 5, 6, 7, 8, 1, 2, 3, -100 }));
        Forward(model, [9, 9, 4]);
        Assert.That(Numbers(model), Is.EqualTo(new long[] { 9, 4, 7, 8, 1, 2, 3, 9 }));
        model.TakeBack();
        Assert.That(Numbers(model), Is.EqualTo(new long[] { 5, 6, 7, 8, 1, 2, 3, -100 }));
        Assert.That(State(model, "queue_ptr_txt").Integers, Is.EqualTo(new long[] { 7 }));
        model.ForgetPictures();
        Assert.That(Numbers(model), Is.All.EqualTo(PictureQueue.NoPicture));
    }

    [Test]
    public void Where_all_pictures_differ_it_is_the_step_of_pre_training()
    {
        var losses = Losses(Positive, [5, 6, 7, 8]);
        Assert.That(losses, Is.EqualTo(Losses(SmallModel.Config, [5, 6, 7, 8])));
        Assert.That(losses, Is.EqualTo(Losses(SmallModel.Config, [5, 5, 5, 8])), "to which they are all wrong");
        Assert.That(losses, Is.Not.EqualTo(Losses(Positive, [5, 5, 7, 8])));
    }

    [Test]
    public void Checkpoints_hold_the_numbers_where_they_matter_and_load_either_way()
    {
        using var known = SmallModel.Create(_backend, config: Positive);
        using var unknown = SmallModel.Create(_backend);
        ((long[])[1, 2, 3, 4, 5, 6, 7, 8]).CopyTo(Numbers(known), 0);
        IReadOnlyList<TensorData> with = StateDict.Export(known), without = StateDict.Export(unknown);
        Assert.That(with.Select(t => t.Name).Except(without.Select(t => t.Name)), Is.EqualTo(new[] { "idx_queue" }));
        Assert.That(with.Select(t => t.Name).Take(6), Is.EqualTo(
            new[] { "temp", "image_queue", "text_queue", "idx_queue", "queue_ptr_img", "queue_ptr_txt" }));

        using var fresh = SmallModel.Create(_backend, config: Positive);
        Assert.That(StateDict.Load(fresh, with).Missing, Is.Empty);
        Assert.That(Numbers(fresh), Is.EqualTo(Numbers(known)));
        var lacking = StateDict.Load(fresh, without);
        Assert.That((lacking.Missing.Single(), lacking.Unexpected.Count), Is.EqualTo(("idx_queue", 0)));
        Assert.That(StateDict.Load(unknown, with).Unexpected, Is.Empty);
        using var evaluated = AlbefModel.Create(Positive, _backend, DType.F64, withMomentum: false);
        Assert.That(StateDict.Load(evaluated, with).Unexpected, Is.Empty);
        Assert.That(evaluated.StateEntries.Select(e => e.Name), Has.None.Contains("queue"));
    }

    private double[] Losses(AlbefConfig config, long[] pictures)
    {
        using var model = SmallModel.Create(_backend, config: config);
        using var scope = MemoryScope.Begin();
        return [.. Forward(model, pictures).Losses.Select(l => l.Value.Item())];
    }

    private static AlbefOutput Forward(AlbefModel model, long[] pictures) => model.Forward(
        SmallModel.Batch(model, pictures.Length) with { Pictures = pictures },
        new StepOptions(0.4, new RandomSource(3)) { Negatives = ArgmaxSampler.Instance, Ground = false });

    private static long[] Numbers(AlbefModel model) => State(model, "idx_queue").Integers!;

    private static Parameter State(AlbefModel model, string name) =>
        model.StateEntries.Single(e => e.Name == name).Parameter;
}
