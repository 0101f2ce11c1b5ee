using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Evaluation;
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
        CheckOutput(options);
        var method = options.Choose(context);
        var checkpoint = CheckpointFile.Find(options.Checkpoint, options.Key);
        var config = options.Config is { } file ? RunConfig.Load(file) : checkpoint.Config()
            ?? throw new ConfigException(
                $"{options.Checkpoint}: does not say what model it is; name the model's configuration with --config");
        var phrase = CaptionCleaner.Clean(options.Text, config.Integer("max_words"));
        if (phrase.Length == 0)
            throw new ConfigException($"--text \"{options.Text}\": the phrase has no words; write what to look for, "
                + "for example --text \"red circle\"");
        var seen = EvaluationSettings.Input(
            config.ImageSize, EvaluationSettings.Resize(config), EvaluationSettings.Crop(config));
        var picture = Read(options.Image, [seen, ExplanationPicture.Shown], PictureSettings.Of(config), context);
        var tokenizer = TokenizerChoice.Of(checkpoint, config, context);
        foreach (var word in tokenizer.UnknownWords(phrase))
            context.Warn($"the model does not know the word \"{word}\"");
        using var backend = DeviceSelector.Open(options);
        using var model = ModelLoader.Load(checkpoint, config, tokenizer, backend, options.Loading(context));
        context.Note(config, ConfigUse.Explanation);
        var explained = EvaluationSettings.Explained(model, tokenizer, config, Grounding(config, checkpoint));
        var explainer = ExplainerChoice.Create(explained, method);
        var answer = explainer.Explain([new PhraseInPicture(picture.Images[0], phrase)])[0];
        var map = answer.Map.RequireFinite(phrase, options.Image);
        var point = map.Peak(picture.Width, picture.Height);
        ExplanationPicture.Save(
            options.Output, picture.Images[1], map, picture.PointIn(picture.Images[1], point), options.Text.Trim());
        context.Out.WriteLine(point is { } p
            ? $"{options.Output}: \"{phrase}\" points at x {p.X}, y {p.Y} of {picture.Width} × {picture.Height}"
            : $"{options.Output}: \"{phrase}\" points nowhere: the heatmap is flat, the same value everywhere");
        return ErrorReporter.Success;
    }

    // A published model is explained as its users know it; one that was trained here, as it was trained.
    private static GroundingSettings Grounding(RunConfig config, CheckpointFile checkpoint)
    {
        var settings = ModelKeys.Grounding(config);
        return settings.WordsOnly is null && checkpoint.Config() is null
            && ModelRegistry.Find(config.Model).ExplainsWords ? settings with { WordsOnly = true } : settings;
    }

    private static void CheckOutput(ExplainOptions options)
    {
        OutputFiles.RequirePictureName("--output", options.Output);
        OutputFiles.RequireWritable("--output", options.Output);
        OutputFiles.RequireOther("--output", options.Output, ("--image", options.Image),
            ("--checkpoint", options.Checkpoint), ("--config", options.Config));
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
