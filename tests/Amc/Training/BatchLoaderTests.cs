using AmcEngine.Amc.Data;
using AmcEngine.DataTools;
using AmcEngine.Model.Tokenization;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

[TestFixture]
internal sealed class BatchLoaderTests
{
    [Test]
    public void An_epoch_shows_every_sample_once_and_epochs_differ()
    {
        BatchLoader loader = Create(seed: 3);
        Assert.That(loader.StepsPerEpoch, Is.EqualTo(2));
        Assert.That(loader.Order(0).Order(), Is.EqualTo(Enumerable.Range(0, 11)));
        Assert.That(loader.Order(1), Is.Not.EqualTo(loader.Order(0)));
        Assert.That(Create(seed: 4).Order(0), Is.Not.EqualTo(loader.Order(0)));
    }

    [Test]
    public void A_batch_depends_on_its_step_alone()
    {
        BatchLoader fromStart = Create(seed: 3), fromMiddle = Create(seed: 3);
        // The loader uses its arrays again: what is kept is copied.
        TrainingBatch[] all = [.. Enumerable.Range(0, 5).Select(fromStart.Get).Select(b => b with { Images = [.. b.Images], Masks = [.. b.Masks] })];
        TrainingBatch fourth = fromMiddle.Get(3);
        Assert.That(fourth.Images, Is.EqualTo(all[3].Images));
        Assert.That(fourth.Masks, Is.EqualTo(all[3].Masks));
        Assert.That(fourth.Text.Ids, Is.EqualTo(all[3].Text.Ids));
        Assert.That(fourth.Images, Is.Not.EqualTo(all[1].Images));
    }

    private static BatchLoader Create(ulong seed)
    {
        var scenes = new SceneDataset(SceneKinds.Create("scenes", 32), new SceneDatasetOptions { Count = 11, Augmentation = AugmentationOptions.Recipe });
        return new BatchLoader(scenes, WordPieceTokenizer.FromVocab(["[PAD]", "[UNK]", "[CLS]", "[MASK]", .. SceneVocabulary.Words("scenes")]), 5, 25, seed);
    }
}
