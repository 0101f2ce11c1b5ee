using System.Text;
using AmcEngine.Amc.Configuration;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Configuration;

/// <summary>
/// Every field of the file that <c>bert_config</c> names acts, is refused, or is said to have no effect.
/// </summary>
[TestFixture]
internal sealed class BertConfigTests : FolderTests
{
    [Test]
    public void The_published_file_is_taken_without_a_word()
    {
        var config = RunConfig.Load(
            _folder.Write("c.yaml", $"bert_config: {Path.Combine(GoldenFiles.Root, "configs", "config_bert.json")}\n"));
        Assert.That(config.Notes, Is.Empty);
        Assert.That(config.Real("attention_dropout"), Is.EqualTo(0.1));
    }

    [Test]
    public void Dropout_of_the_attention_weights_is_a_setting_of_its_own()
    {
        const string json = """{"hidden_dropout_prob": 0.2, "attention_probs_dropout_prob": 0.3}""";
        Assert.That(Dropouts(json, ""), Is.EqualTo((0.2, (double?)0.3)));
        Assert.That(Dropouts(json, "attention_dropout: 0.5\n"), Is.EqualTo((0.2, (double?)0.5)));
        Assert.That(Dropouts(json, "dropout: 0\n"), Is.EqualTo((0.0, (double?)null)), "one word turns all dropout off");
        Assert.That(Dropouts("{}", "dropout: 0.4\n"), Is.EqualTo((0.4, (double?)null)));
    }

    [TestCase("""{"hidden_act": "relu"}""", "hidden_act", "gelu", "relu")]
    [TestCase("""{"hidden_act": "gelu_new"}""", "hidden_act", "gelu_new")]
    [TestCase("""{"position_embedding_type": "relative_key"}""", "position_embedding_type", "absolute")]
    [TestCase("""{"layer_norm_eps": 1e-6}""", "layer_norm_eps", "1E-12", "1E-06")]
    [TestCase("""{"type_vocab_size": 1}""", "type_vocab_size", "2")]
    [TestCase("""{"encoder_width": 512}""", "encoder_width", "768", "512")]
    [TestCase("""{"hidden_size": -8}""", "hidden_size", "-8")]
    [TestCase("""{"hidden_size": "768"}""", "hidden_size", "whole number")]
    [TestCase("""{"num_attention_heads": 0}""", "num_attention_heads", "0")]
    [TestCase("""{"num_hidden_layers": 6, "fusion_layer": 12}""", "num_hidden_layers less fusion_layer", "-6")]
    [TestCase("""{"hidden_dropout_prob": 7}""", "hidden_dropout_prob", "7")]
    [TestCase("""{"attention_probs_dropout_prob": -1}""", "attention_probs_dropout_prob", "-1")]
    [TestCase("[1]", "not a BERT configuration")]
    [TestCase("{", "not a BERT configuration")]
    [TestCase("", "not a BERT configuration")]
    public void What_would_change_results_is_refused(string json, params string[] parts)
    {
        var message = Assert.Throws<ConfigException>(() => Load(json, ""))!.Message;
        foreach (var part in new[] { "b.json" }.Concat(parts))
            Assert.That(message, Does.Contain(part));
    }

    [TestCase("""{"initializer_range": 0.1}""", "initializer_range")]
    [TestCase("""{"pad_token_id": 3}""", "pad_token_id")]
    public void What_has_no_effect_is_said(string json, string field)
    {
        var config = Load(json, "");
        Assert.That(
            ConfigNotes.For(config, ConfigUse.Explanation).Single(), Does.StartWith(field).And.Contain("no effect"));
    }

    [TestCase(
        """{"initializer_range": 0.02, "pad_token_id": 0, "hidden_act": "gelu", "layer_norm_eps": 1e-12, "position_embedding_type": "absolute", "type_vocab_size": 2}""")]
    [TestCase("""{"architectures": ["BertForMaskedLM"], "model_type": "bert", "transformers_version": "4.8.1"}""")]
    public void What_is_so_anyway_is_not_mentioned(string json) => Assert.That(Load(json, "").Notes, Is.Empty);

    [Test]
    public void A_picture_encoder_of_another_width_goes_with_its_encoder_width() =>
        Assert.That(() => Load("""{"encoder_width": 96}""", "vision_width: 96\n"), Throws.Nothing);

    [Test]
    public void A_byte_order_mark_and_UTF_16_are_read()
    {
        foreach (var encoding in new Encoding[] { new UTF8Encoding(true), Encoding.Unicode, Encoding.BigEndianUnicode })
        {
            _folder.Write("b.json", [.. encoding.GetPreamble(), .. encoding.GetBytes("""{"hidden_size": 48}""")]);
            Assert.That(RunConfig.Load(_folder.Write("c.yaml", "bert_config: b.json\n")).Integer("text_width"),
                Is.EqualTo(48), encoding.EncodingName);
        }
    }

    private (double Hidden, double? Attention) Dropouts(string json, string yaml)
    {
        var config = Load(json, yaml);
        return (config.Real("dropout"), config.OptionalReal("attention_dropout"));
    }

    private RunConfig Load(string json, string yaml)
    {
        _folder.Write("b.json", json);
        return RunConfig.Load(_folder.Write("c.yaml", "bert_config: b.json\n" + yaml));
    }
}
