using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using AmcEngine.Amc.CommandLine;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Runs;
using AmcEngine.Amc.Training;
using AmcEngine.DataTools;
using AmcEngine.Diagnostics;
using AmcEngine.Tests.Cli;
using AmcEngine.Tests.DataTools;

namespace AmcEngine.Tests.Amc.Configuration;

/// <summary>
/// All that can be seen of a short training run under given settings, as one text: two runs that are alike in it were
/// not told apart by the settings between them.
/// </summary>
internal sealed partial class ConfigProbe
{
    private const string Settings = """
        dataset: annotations
        image_res: 32
        patch_size: 8
        vision_width: 16
        vision_depth: 1
        vision_heads: 2
        text_width: 16
        text_heads: 2
        text_layers: 1
        fusion_layers: 2
        embed_dim: 8
        queue_size: 16
        batch_size: 4
        eval_batch: 4
        log_every: 1
        grid_scenes: 1
        optimizer: {weight_decay: 0.02}
        schedular: {epochs: 2, lr: 1e-3}

        """;

    private static readonly string[] Words = ["red", "blue", "green", "circle", "square", "left", "small", "large"];

    private readonly TempFolder _folder;
    private int _runs;

    /// <summary>Makes the data, and a trained run to start from.</summary>
    public ConfigProbe(TempFolder folder)
    {
        _folder = folder;
        SceneExporter.Export(SceneKinds.Create("scenes", 48), folder.Path, 4, 1, SceneSplit.Train, SceneFormat.Png);
        folder.Write("train.json", Annotations(16, 0));
        folder.Write("test.json", Annotations(5, 3));
        folder.Write("other.json", Annotations(9, 1));
        MakeOddData();
        string[] vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[MASK]", .. Words, "[SEP]"];
        folder.Write("vocab.txt", string.Join('\n', vocabulary));
        folder.Write("other-vocab.txt", string.Join('\n', vocabulary.Append("zebra")));
        folder.Write("bert.json", """{"hidden_dropout_prob": 0.4}""");
        var config = Load([$"output={folder.PathOf("run")}"]);
        Train(config.Path, false, $"output={folder.PathOf("run")}");
    }

    // A picture that is cut, one that is to be turned, and entries without a phrase.
    private void MakeOddData()
    {
        var whole = File.ReadAllBytes(_folder.PathOf("images/000000.png"));
        _folder.Write("cut.png", whole[..(whole.Length * 3 / 4)]);
        _folder.Write("cut.json", Annotations(16, 0).Replace("images/000001.png", "cut.png", StringComparison.Ordinal));
        SceneExporter.Export(
            SceneKinds.Create("scenes", 48), _folder.PathOf("jpeg"), 1, 1, SceneSplit.Train, SceneFormat.Jpeg);
        byte[] jpeg = File.ReadAllBytes(_folder.PathOf("jpeg/images/000000.jpg")),
            turned = File.ReadAllBytes(TempFolder.Fixture("exif.jpg"));
        _folder.Write("turned.jpg", [.. jpeg[..2], .. turned[2..38], .. jpeg[2..]]);
        _folder.Write(
            "turned.json", Annotations(16, 0).Replace("images/000001.png", "turned.jpg", StringComparison.Ordinal));
        SceneExporter.Export(
            SceneKinds.Create("scenes", 96), _folder.PathOf("large"), 1, 1, SceneSplit.Train, SceneFormat.Jpeg);
        _folder.Write("large.json",
            Annotations(16, 0).Replace("images/000001.png", "large/images/000000.jpg", StringComparison.Ordinal));
        var bad = string.Concat(
            Enumerable.Repeat("""{"image": "images/000000.png", "caption": "", "bbox": [[1, 1, 30, 30]]},""", 12));
        _folder.Write("bad.json", "[" + bad + Annotations(16, 0)[1..]);
    }

    /// <summary>The lines about keys without effect.</summary>
    public IReadOnlyList<string> Notes(string[] settings)
    {
        try
        {
            return ConfigNotes.For(Load(settings), ConfigUse.Training | ConfigUse.Evaluation);
        }
        catch (ConfigException)
        {
            return [];
        }
    }

    /// <summary>What a run under the settings shows, or the error that refuses it.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="whole">
    /// Whether the run comes to its end, evaluates once more and draws its pictures, which takes longer.
    /// </param>
    public string Observe(string[] settings, bool whole)
    {
        try
        {
            var config = Load(settings);
            // Long epochs show a schedule whole, which two steps do not.
            var plan = new TrainingPlan(config, stepsPerEpoch: 3000);
            int[] steps = [0, 1, 2, 50, 150, 650, 2500, 3000, 5999, 6000, 20_000];
            string[] rates = [.. steps.Select(
                s => Print(plan.LearningRate(s)) + " " + (config.Model == "clip" ? "" : Print(plan.Alpha(s))))];
            // Without test data there is nothing to do at these steps.
            var evaluations = config.IsGenerated || config.Texts("test_file").Count > 0
                ? string.Join(' ', Enumerable.Range(0, 12).Where(plan.EvaluatesAfter)) : "";
            return $"{plan.TotalSteps} {plan.SaveEvery} {plan.SaveAsync} {string.Join(", ", rates)}; "
                + $"{evaluations}\n{Train(config.Path, whole, Fill(settings))}";
        }
        catch (ConfigException e)
        {
            return e.Message;
        }
    }

    private RunConfig Load(string[] settings)
    {
        var data = $"train_file: {_folder.PathOf("train.json")}\ntest_file: {_folder.PathOf("test.json")}\nimage_root: "
            + $"{_folder.Path}\nvocab_file: {_folder.PathOf("vocab.txt")}\n";
        return RunConfig.Load(_folder.Write("probe.yaml", Settings + data), Fill(settings));
    }

    private string[] Fill(string[] settings) =>
        [.. settings.Select(s => s.Replace("{folder}", _folder.Path, StringComparison.Ordinal))];

    // Two steps by the command itself; what it prints, writes and counts.
    private string Train(string config, bool whole, params string[] settings)
    {
        var standard = _folder.PathOf($"out{_runs++}");
        var elsewhere = settings.Any(s => s.StartsWith("output=", StringComparison.Ordinal));
        var all = elsewhere ? settings : [.. settings, $"output={standard}"];
        using StringWriter output = new(CultureInfo.InvariantCulture), error = new(CultureInfo.InvariantCulture);
        Profiler? profiler = null;
        using var stop = new CancellationTokenSource();
        try
        {
            var options =
                new TrainOptions { Config = config, Steps = whole ? 2 : null, Set = all, Threads = 1, Device = "cpu" };
            TrainCommand.Run(options, new CommandContext(output, error), stop.Token, s =>
            {
                profiler ??= Profiler.Begin(s.Model.Backend);
                if (s.Step == 1 && !whole)
                    stop.Cancel();
            });
        }
        catch (Exception e) when (e is DataException or ConfigException or Serialization.SerializationException
            or AmcEngine.Model.ModelException)
        {
            return e.Message;
        }
        finally
        {
            profiler?.Dispose();
        }
        var folder = RunConfig.Load(config, all).Text("output");
        var seen = new StringBuilder(
            Times().Replace(output.ToString(), "N s").Replace(standard, "OUT", StringComparison.Ordinal));
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal))
            seen.Append(EventFileTime().Replace(Path.GetRelativePath(folder, file), "tfevents.T")).Append(' ');
        seen.AppendLine().Append(profiler!.Ops(byShape: true).Sum(o => o.Calls)).AppendLine(" kernel calls");
        var last = CheckpointLayout.Last(folder);
        seen.AppendLine(Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(
            File.ReadAllBytes(Path.Combine(last, CheckpointLayout.Model)))));
        if (File.Exists(Path.Combine(folder, "grid.png")))
            seen.AppendLine(Convert.ToHexString(
                System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, "grid.png")))));
        return seen.ToString();
    }

    // Two boxes an entry, phrases of five words.
    private static string Annotations(int count, int shift)
    {
        var entries = Enumerable.Range(shift, count).Select(i =>
            $$"""{"image": "images/{{i % 4:D6}}.png", "caption": "{{string.Join(' ', Enumerable.Range(0, 5).Select(w => Words[(i * 3 + w * w + w) % Words.Length]))}}", "paraphrases": ["{{Words[(i + 2) % Words.Length]}} {{Words[i % Words.Length]}}"], "bbox": [[{{i % 7 + 1}}, 4, 30, 33], [2, {{i % 5 + 20}}, 44, 46]]}""");
        return $"[{string.Join(",\n", entries)}]";
    }

    private static string Print(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    [GeneratedRegex(@"[0-9.]+ s\b|[0-9:]+ left")]
    private static partial Regex Times();

    [GeneratedRegex(@"tfevents\.\d+")]
    private static partial Regex EventFileTime();
}
