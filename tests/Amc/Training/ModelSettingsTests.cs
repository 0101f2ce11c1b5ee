using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Training;
using AmcEngine.Model;
using AmcEngine.Model.Tokenization;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>Each key of the model reaches the model, and no other.</summary>
[TestFixture]
internal sealed class ModelSettingsTests
{
    private static readonly WordPieceTokenizer Tokenizer = WordPieceTokenizer.FromVocab(["[UNK]", "[PAD]", "a", "[MASK]", "[CLS]"]);

    [Test]
    public void Every_setting_arrives()
    {
        // Different numbers everywhere: none can stand for another.
        AlbefConfig settings = Create(
            "image_res=30", "patch_size=5", "vision_width=28", "vision_depth=3", "vision_heads=7", "text_width=44", "text_heads=11", "text_ffn=45", "text_layers=2",
            "fusion_layers=4", "max_positions=77", "embed_dim=9", "queue_size=99", "momentum=0.8", "temp=0.3", "dropout=0.21", "attention_dropout=0.32",
            "mlm_probability=0.43", "mlm_distill_axis=vocab", "amc.layer=5", "vocab_size=8");
        Assert.That(settings, Is.EqualTo(new AlbefConfig
        {
            ImageRes = 30,
            PatchSize = 5,
            VisionWidth = 28,
            VisionDepth = 3,
            VisionHeads = 7,
            VisionMlpRatio = 4,
            TextHidden = 44,
            TextHeads = 11,
            TextIntermediate = 45,
            TextLayers = 6,
            FusionLayer = 2,
            VocabSize = 8,
            MaxPositions = 77,
            TypeVocabSize = 2,
            EmbedDim = 9,
            QueueSize = 99,
            Momentum = 0.8,
            Temperature = 0.3,
            HiddenDropout = 0.21,
            AttentionDropout = 0.32,
            AmcLayer = 5,
            MlmProbability = 0.43,
            MlmDistillAxis = MlmDistillAxis.Vocab,
            PadId = 1,
            ClsId = 4,
            MaskId = 3,
        }));
    }

    [Test]
    public void What_is_not_given_follows_from_the_rest()
    {
        AlbefConfig settings = Create("text_width=36", "text_layers=2", "fusion_layers=4", "dropout=0.25");
        Assert.That((settings.TextIntermediate, settings.AmcLayer, settings.AttentionDropout, settings.VocabSize), Is.EqualTo((144, 3, 0.25, 5)));
        Assert.That(Create("attention_dropout=0").AttentionDropout, Is.Zero, "no dropout is a value, too");
        Assert.That(Create("mlm_distill_axis=sequence").MlmDistillAxis, Is.EqualTo(MlmDistillAxis.Sequence));
        Assert.That(Create("fusion_layers=1").AmcLayer, Is.EqualTo(6));
    }

    [Test]
    public void A_vocabulary_larger_than_the_models_is_refused() =>
        Assert.That(() => Create("vocab_size=4"), Throws.TypeOf<ConfigException>().With.Message.Contains("vocab_size").And.Message.Contains("5 words"));

    private static AlbefConfig Create(params string[] settings)
    {
        // A batch fits into the smallest queue here.
        var values = new Dictionary<string, object> { ["batch_size"] = 2 };
        foreach (var setting in settings)
            YamlConfigReader.Override(values, setting);
        return ModelSettings.Create(RunConfig.Create("test", values), Tokenizer);
    }
}
