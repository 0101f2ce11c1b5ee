using System.Globalization;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Drawing;
using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Explanation.Methods;
using AmcEngine.Amc.Maps;
using AmcEngine.Amc.Models;
using AmcEngine.Amc.Reports;
using AmcEngine.Amc.Training;
using AmcEngine.Backends;
using AmcEngine.DataTools;
using AmcEngine.Model;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.CommandLine;

/// <summary><c>amcx explain</c>.</summary>
internal static class ExplainCommand
{
    /// <summary>Draws where the model looks.</summary>
    public static int Run(ExplainOptions options, CommandContext context)
    {
        CheckOutputs(options);
        var style = Style(options);
        var layers = Layers(options);
        var method = options.Choose(context);
        var inParts = options.Words || layers is not { Count: 0 };
        if (inParts && method is not GradCamMethod)
            throw new ConfigException($"--method {method.Name}: --words and --layers are by gradcam; leave them out");
        var checkpoint = CheckpointFile.Find(options.Checkpoint, options.Key);
        var config = options.Config is { } file ? RunConfig.Load(file) : checkpoint.Config()
            ?? throw new ConfigException(
                $"{options.Checkpoint}: does not say what model it is; name the model's configuration with --config");
        string[] phrases = [.. options.Text.Select(text => Phrase(text, config))];
        var seen = EvaluationSettings.Input(
            config.ImageSize, EvaluationSettings.Resize(config), EvaluationSettings.Crop(config));
        var isSingle = phrases.Length == 1 && !inParts;
        PictureTarget[] targets = [seen, isSingle ? ExplanationPicture.Shown : ExplanationGrid.Shown];
        var picture = Read(options.Image, targets, PictureSettings.Of(config), context);
        var tokenizer = TokenizerChoice.Of(checkpoint, config, context);
        foreach (var word in phrases.SelectMany(tokenizer.UnknownWords).Distinct())
            context.Warn($"the model does not know the word \"{word}\"");
        using var backend = DeviceSelector.Open(options);
        using var model = ModelLoader.Load(checkpoint, config, tokenizer, backend, options.Loading(context));
        context.Note(config, ConfigUse.Explanation);
        var explained = EvaluationSettings.Explained(model, tokenizer, config, Grounding(config, checkpoint));
        var answers = inParts
            ? new PartsExplainer(explained, options.Words, layers).Explain(picture.Images[0], phrases, seen.Crop)
            : Sentences(ExplainerChoice.Create(explained, method), picture.Images[0], phrases);
        foreach (var answer in answers)
            answer.Sentence.RequireFinite(answer.Phrase, options.Image);
        if (options.Words && answers.All(a => a.Maps.All(m => m.Part != MapPart.Word || m.Map.IsFlat)))
            context.Note("--words: all maps of words are flat; in the last layer words do not reach the score");
        Write(options, picture, answers, isSingle, style);
        foreach (var answer in answers)
            context.Out.WriteLine(Line(options.Output, answer, picture));
        return ErrorReporter.Success;
    }

    private static PhraseMaps[] Sentences(IExplainer explainer, RgbImage picture, string[] phrases)
    {
        var answers = explainer.Explain([.. phrases.Select(phrase => new PhraseInPicture(picture, phrase))]);
        explainer.Release();
        return [.. answers.Select((answer, i) => new PhraseMaps(
            phrases[i], answer.Score, [new PartMap(MapPart.Sentence, 0, phrases[i], answer.Map)]))];
    }

    private static void Write(
        ExplainOptions options, PictureViews picture, IReadOnlyList<PhraseMaps> answers, bool isSingle,
        OverlayStyle style)
    {
        var count = answers.Sum(a => a.Maps.Count);
        if (count > ExplanationGrid.MostMaps)
            throw new ConfigException($"--text: {count} maps are more than one picture shows "
                + $"({ExplanationGrid.MostMaps}); ask about fewer phrases, or leave --words or --layers out");
        var report = new ExplanationReport(options.Image, picture.Width, picture.Height, answers)
        {
            Checkpoint = options.Checkpoint,
            Method = options.Method,
        };
        if (isSingle)
        {
            var map = answers[0].Sentence;
            ExplanationPicture.Save(
                options.Output, picture.Images[1], map,
                picture.PointIn(picture.Images[1], map.Peak(picture.Width, picture.Height)),
                options.Text.Single().Trim(), style);
        }
        else
        {
            ExplanationGrid.Save(options.Output, picture, answers, style);
        }
        if (options.Npy is { } arrays)
            report.SaveArrays(arrays);
        if (options.Json is { } json)
            report.SaveJson(json);
    }

    private static string Line(string output, PhraseMaps answer, PictureViews picture) =>
        answer.Sentence.Peak(picture.Width, picture.Height) is { } p
            ? $"{output}: \"{answer.Phrase}\" points at x {p.X}, y {p.Y} of {picture.Width} × {picture.Height}"
            : $"{output}: \"{answer.Phrase}\" points nowhere: the heatmap is flat, the same value everywhere";

    private static string Phrase(string text, RunConfig config)
    {
        var phrase = CaptionCleaner.Clean(text, config.Integer("max_words"));
        return phrase.Length > 0 ? phrase
            : throw new ConfigException($"--text \"{text}\": the phrase has no words; write what to look for, "
                + "for example --text \"red circle\"");
    }

    private static OverlayStyle Style(ExplainOptions options)
    {
        var colors = ColorMap.Find(options.Colormap) ?? throw new ConfigException($"--colormap {options.Colormap}: "
            + $"is no colour map; use one of {string.Join(", ", ColorMap.All.Select(m => m.Name))}");
        return options.Opacity is >= 0 and <= 1 ? new OverlayStyle(colors, options.Opacity)
            : throw new ConfigException(FormattableString.Invariant(
                $"--opacity {options.Opacity}: must lie between 0 (the picture alone) and 1"));
    }

    // None where nobody asks, null for all.
    private static IReadOnlyList<int>? Layers(ExplainOptions options)
    {
        if (options.Layers is not { } text)
            return [];
        if (text == "all")
            return null;
        var layers = new List<int>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var layer))
                throw new ConfigException($"--layers {text}: write numbers with commas between them, from 0, or all");
            layers.Add(layer);
        }
        return [.. layers.Distinct()];
    }

    // A published model is explained as its users know it; one that was trained here, as it was trained.
    private static GroundingSettings Grounding(RunConfig config, CheckpointFile checkpoint)
    {
        var settings = ModelKeys.Grounding(config);
        return settings.WordsOnly is null && checkpoint.Config() is null
            && ModelRegistry.Find(config.Model).ExplainsWords ? settings with { WordsOnly = true } : settings;
    }

    private static void CheckOutputs(ExplainOptions options)
    {
        OutputFiles.RequirePictureName("--output", options.Output);
        OutputFiles.RequireApart(
            [("--output", options.Output), ("--npy", options.Npy), ("--json", options.Json)],
            [("--image", options.Image), ("--checkpoint", options.Checkpoint), ("--config", options.Config)]);
    }

    private static PictureViews Read(
        string path, IReadOnlyList<PictureTarget> targets, PictureOptions settings, CommandContext context)
    {
        (var views, var damage) = PictureFile.Read(path, targets, settings.Exif);
        if (damage is null)
            return views;
        if (settings.Bad != BadPictures.Load)
            throw new UnreadablePictureException(damage);
        context.Warn($"{damage} What could be decoded is used, the rest is grey.");
        return views;
    }
}
