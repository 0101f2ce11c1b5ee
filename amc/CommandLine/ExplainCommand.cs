using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Drawing;
using AmcEngine.Amc.Evaluation;
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
        CheckpointFile checkpoint = CheckpointFile.Find(options.Checkpoint, options.Key);
        RunConfig config = options.Config is { } file ? RunConfig.Load(file) : checkpoint.Config()
            ?? throw new ConfigException($"{options.Checkpoint}: does not say what model it is; name the model's configuration with --config");
        string phrase = CaptionCleaner.Clean(options.Text, config.Integer("max_words"));
        if (phrase.Length == 0)
            throw new ConfigException($"--text \"{options.Text}\": the phrase has no words; write what to look for, for example --text \"red circle\"");
        RgbImage picture = RgbImage.Load(options.Image);
        WordPieceTokenizer tokenizer = TokenizerChoice.Of(checkpoint, config, context);
        foreach (string word in tokenizer.UnknownWords(phrase))
            context.Warn($"the model does not know the word \"{word}\"");
        using IBackend backend = DeviceSelector.Open(options);
        using Albef model = ModelLoader.Load(checkpoint, config, tokenizer, backend, options.Loading(context));
        context.Note(config, ConfigUse.Explanation);
        var explainer = new Explainer(model, tokenizer, EvaluationSettings.Resize(config));
        var sample = new EvaluationSample(picture, phrase, []);
        (int X, int Y) point = explainer.Explain([sample])[0].Peak();
        Heatmap map = explainer.Explain([sample], ExplanationPicture.Factor(picture.Width, picture.Height))[0];
        ExplanationPicture.Save(options.Output, picture, map, point, options.Text.Trim());
        context.Out.WriteLine($"{options.Output}: \"{phrase}\" points at x {point.X}, y {point.Y} of {picture.Width} × {picture.Height}");
        return ErrorReporter.Success;
    }
}
