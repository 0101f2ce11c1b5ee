using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Evaluation.Protocols;
using AmcEngine.Amc.Explanation.Methods;
using AmcEngine.DataTools;
using AmcEngine.Model;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.Evaluation.Explainers;

/// <summary>How a configuration wants its evaluation done.</summary>
internal static class EvaluationSettings
{
    /// <summary>The resampling of test pictures.</summary>
    public static Resampling Resize(RunConfig config) =>
        config.Text("eval_resize") == "bicubic" ? Resampling.Bicubic : Resampling.Bilinear;

    /// <summary>Whether the model sees the square in the middle alone.</summary>
    public static bool Crop(RunConfig config) => config.Text("eval_crop") == "crop";

    /// <summary>What the model sees of a test picture.</summary>
    /// <param name="side">Side of the model's pictures.</param>
    /// <param name="resize">How whole pictures are resized.</param>
    /// <param name="crop">Whether it sees the square in the middle alone, which is resized by the bicubic rule.</param>
    public static PictureTarget Input(int side, Resampling resize, bool crop) =>
        crop ? PictureTarget.Centre(side) : PictureTarget.Square(side, resize);

    /// <summary>A model with what a configuration says of its pictures.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="config">The configuration.</param>
    /// <param name="settings">Which score and layer explain the model.</param>
    public static ExplainedModel Explained(
        IVisionLanguageModel model, ITokenizer tokenizer, RunConfig config, GroundingSettings settings) =>
        new(model, tokenizer, Resize(config), settings) { Crop = Crop(config) };

    /// <summary>How a pointing game is played, in words.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="method">The explanation method.</param>
    /// <param name="protocol">The protocol.</param>
    public static string Protocol(RunConfig config, IExplanationMethod method, IProtocol protocol)
    {
        var resize = Crop(config) ? "bicubic, centre crop" : config.Text("eval_resize");
        return $"pointing game; {method.Description}; {config.ImageSize} pixels {resize}; "
            + $"heatmap bicubic to the original size; {protocol.Rule}";
    }
}
