using AmcEngine.Amc.Configuration;
using AmcEngine.DataTools;
using AmcEngine.Serialization;

namespace AmcEngine.Tests.Fuzz;

/// <summary>Every reader of a file from outside, by format.</summary>
internal static class FuzzTargets
{
    /// <summary>All targets.</summary>
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("safetensors", "model.safetensors", TensorTargets.Safetensors, typeof(SerializationException))
        {
            Tokens = FuzzTokens.Safetensors,
            Mend = FuzzMending.SafetensorsHeader,
        },
        new("torch-zip", "model.pth", TensorTargets.Torch, typeof(SerializationException))
        {
            Tokens = FuzzTokens.Pickle,
            Mend = FuzzMending.ZipOffsets,
        },
        new("torch-legacy", "model.pth", TensorTargets.Torch, typeof(SerializationException))
        {
            Tokens = FuzzTokens.Pickle
        },
        new("annotations", "train.json", DataTargets.Annotations, typeof(DataException))
        {
            Tokens = FuzzTokens.Annotations
        },
        new("refs", "refs(unc).p", OriginalTargets.Refs, typeof(DataException)) { Tokens = FuzzTokens.Pickle },
        new("coco", "instances.json", OriginalTargets.Coco, typeof(DataException)) { Tokens = FuzzTokens.Coco },
        new("flickr-xml", "7.xml", OriginalTargets.FlickrXml, typeof(DataException)) { Tokens = FuzzTokens.FlickrXml },
        new("sentences", "7.txt", OriginalTargets.Sentences, typeof(DataException)) { Tokens = FuzzTokens.Sentences },
        new("yaml", "run.yaml", ConfigurationTargets.Yaml, typeof(ConfigException)) { Tokens = FuzzTokens.Yaml },
        new("bert-config", "config_bert.json", ConfigurationTargets.BertConfig, typeof(ConfigException))
        {
            Tokens = FuzzTokens.BertConfig
        },
        new("vocabulary", "vocab.txt", DataTargets.Vocabulary, typeof(SerializationException))
        {
            Tokens = FuzzTokens.Vocabulary
        },
        new("picture", "picture.jpg", DataTargets.Picture, typeof(DataException))
        {
            Tokens = FuzzTokens.Picture,
            Mend = FuzzMending.PngChecksums
        },
        new("state", "state.json", ConfigurationTargets.State, typeof(SerializationException), typeof(ConfigException))
        {
            Tokens = FuzzTokens.State
        },
        new("log", "log.jsonl", ConfigurationTargets.Log) { Tokens = FuzzTokens.Log },
    ];

    /// <summary>The target of a format.</summary>
    /// <exception cref="ArgumentException">There is none; the message lists all.</exception>
    public static FuzzTarget Find(string name) => All.FirstOrDefault(t => t.Name == name)
        ?? throw new ArgumentException(
            $"no format \"{name}\"; there are {string.Join(", ", All.Select(t => t.Name))}", nameof(name));
}
