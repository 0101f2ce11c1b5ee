using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Models;
using AmcEngine.Amc.Training;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Text;
using AmcEngine.Model.Tokenization;
using AmcEngine.Model.Vision;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>Each key of the model reaches the model, and no other.</summary>
[TestFixture]
internal sealed class ModelSettingsTests
{
    private static readonly WordPieceTokenizer Tokenizer = WordPieceTokenizer.FromVocab(
        ["[UNK]", "[PAD]", "a", "[MASK]", "[CLS]"]);

    [Test]
    public void Every_setting_arrives()
    {
        // Different numbers everywhere: none can stand for another.
        var settings = Create(
            "image_res=30", "patch_size=5", "vision_width=28", "vision_depth=3", "vision_heads=7", "text_width=44",
            "text_heads=11", "text_ffn=45", "text_layers=2", "fusion_layers=4", "max_positions=77", "embed_dim=9",
            "queue_size=99", "momentum=0.8", "temp=0.3", "dropout=0.21", "attention_dropout=0.32",
            "mlm_probability=0.43", "mlm_distill_axis=vocab", "amc.layer=5", "vocab_size=8");
        Assert.That(settings, Is.EqualTo(new AlbefConfig
        {
            Vision = new VisionConfig
            {
                ImageRes = 30,
                PatchSize = 5,
                Width = 28,
                Depth = 3,
                Heads = 7,
                MlpRatio = 4,
            },
            Text = new TextConfig
            {
                Hidden = 44,
                Heads = 11,
                Intermediate = 45,
                Layers = 6,
                FirstCrossLayer = 2,
                VocabSize = 8,
                MaxPositions = 77,
                TypeVocabSize = 2,
                HiddenDropout = 0.21,
                AttentionDropout = 0.32,
                PadId = 1,
                ClsId = 4,
                MaskId = 3,
            },
            EmbedDim = 9,
            QueueSize = 99,
            Momentum = 0.8,
            Temperature = 0.3,
            AmcLayer = 5,
            MlmProbability = 0.43,
            MlmDistillAxis = MlmDistillAxis.Vocab,
        }));
    }

    [Test]
    public void What_is_not_given_follows_from_the_rest()
    {
        var settings = Create("text_width=36", "text_layers=2", "fusion_layers=4", "dropout=0.25");
        Assert.That(
            (settings.Text.Intermediate, settings.AmcLayer, settings.Text.AttentionDropout, settings.Text.VocabSize),
            Is.EqualTo((144, 3, 0.25, 5)));
        Assert.That(Create("attention_dropout=0").Text.AttentionDropout, Is.Zero, "no dropout is a value, too");
        Assert.That(Create("mlm_distill_axis=sequence").MlmDistillAxis, Is.EqualTo(MlmDistillAxis.Sequence));
        Assert.That(Create("fusion_layers=1").AmcLayer, Is.EqualTo(6));
    }

    [Test]
    public void A_vocabulary_larger_than_the_models_is_refused() =>
        Assert.That(() => Create("vocab_size=4"),
            Throws.TypeOf<ConfigException>().With.Message.Contains("vocab_size").And.Message.Contains("5 words"));

    private static AlbefConfig Create(params string[] settings)
    {
        // A batch fits into the smallest queue here.
        var values = new Dictionary<string, object> { ["batch_size"] = 2 };
        foreach (var setting in settings)
            YamlConfigReader.Override(values, setting);
        return AlbefKind.Settings(RunConfig.Create("test", values), Tokenizer);
    }
}
