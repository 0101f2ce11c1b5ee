using AmcEngine.DataTools;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>Scenes written out as pictures with annotations, and a configuration that trains on them.</summary>
internal static class AnnotatedScenes
{
    /// <summary>Writes them.</summary>
    /// <param name="folder">Gets a folder <c>data</c> and the configuration.</param>
    /// <param name="count">Scenes.</param>
    /// <returns>
    /// The configuration, and the folder with <c>train.json</c>, <c>test.json</c>, the vocabulary and pictures.
    /// </returns>
    public static (string Config, string Data) Write(TempFolder folder, int count = 16)
    {
        var data = folder.PathOf("data");
        Assert.That(Amcx.Run("data", "scenes", "--output", data, "--count", $"{count}", "--size", "64").Code, Is.Zero);
        var files = Directory.GetFiles(data, "*.json");
        if (!File.Exists(Path.Combine(data, "train.json")))
            File.Copy(files[0], Path.Combine(data, "train.json"));
        if (!File.Exists(Path.Combine(data, "test.json")))
            File.Copy(files[0], Path.Combine(data, "test.json"));
        File.WriteAllLines(Path.Combine(data, "vocab.txt"),
            ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. SceneVocabulary.Words("scenes")]);
        var config = folder.Write("annotations.yaml", Amcx.TinyConfig.Replace("dataset: scenes", $"""
            dataset: annotations
            train_file: [{data}/train.json]
            test_file: [{data}/test.json]
            image_root: {data}
            vocab_file: {data}/vocab.txt
            """, StringComparison.Ordinal));
        return (config, data);
    }
}
