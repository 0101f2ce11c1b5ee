using System.Text.Json.Nodes;
using AmcEngine.Amc.Runs;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>Compares what runs have left.</summary>
internal static class RunFiles
{
    private static readonly string[] Names =
    [
        "model.safetensors", "optimizer.safetensors", "state.json", "vocab.txt", "before.safetensors"
    ];

    /// <summary>The step of a run's newest checkpoint; null where it has saved nothing.</summary>
    public static int? SavedStep(string run)
    {
        // Between the moves of a save there is the one before alone.
        var saved = Array.Find(
            [Last(run, CheckpointLayout.State), Path.Combine(CheckpointLayout.LastGood(run), CheckpointLayout.State)],
            File.Exists);
        return saved is null ? null : CheckpointState.Load(saved).Step;
    }

    /// <summary>A file of a run's newest checkpoint.</summary>
    public static string Last(string run, string file) => Path.Combine(CheckpointLayout.Last(run), file);

    /// <summary>The log as JSON.</summary>
    public static JsonNode[] Log(string run) =>
        [.. File.ReadLines(Path.Combine(run, TrainingLog.FileName)).Select(l => JsonNode.Parse(l)!)];

    /// <summary>The log without the times in it.</summary>
    public static string[] LogWithoutTimes(string run) => [.. Log(run).Select(l =>
    {
        l.AsObject().Remove("seconds");
        return l.ToJsonString();
    })];

    /// <summary>Expects two runs to have ended with the same bits and the same log.</summary>
    public static void AssertSame(string actual, string expected) => AssertSame(actual, expected, Names);

    /// <summary>The same of two runs whose settings differ where the numbers do not depend on them.</summary>
    public static void AssertSameWeights(string actual, string expected) =>
        AssertSame(actual, expected, [.. Names.Where(n => n != "state.json")]);

    private static void AssertSame(string actual, string expected, string[] names)
    {
        foreach (var file in names)
            Assert.That(File.ReadAllBytes(Last(actual, file)).AsSpan()
                .SequenceEqual(File.ReadAllBytes(Last(expected, file))), Is.True, $"{actual}: {file}");
        Assert.That(LogWithoutTimes(actual), Is.EqualTo(LogWithoutTimes(expected)), actual);
    }

    /// <summary>Every file and folder with its content, to see whether a folder was touched.</summary>
    public static SortedDictionary<string, string> Snapshot(string folder)
    {
        var all = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(
            f => Path.GetFileName(f) != ".lock"))
            all[Path.GetRelativePath(folder, file)] = Convert.ToHexString(
                System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file)));
        return all;
    }

    /// <summary>Expects no temporary in a folder.</summary>
    public static void AssertNoTemporaries(string folder) =>
        Assert.That(Directory.EnumerateFileSystemEntries(folder, "*.tmp*", SearchOption.AllDirectories), Is.Empty);
}
