using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Explanation.Methods;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation;

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

    /// <summary>How a pointing game is played, in words.</summary>
    public static string Protocol(RunConfig config, IExplanationMethod method) =>
        $"pointing game; {method.Description}; {config.ImageSize} pixels {(Crop(config) ? "bicubic, centre crop" : config.Text("eval_resize"))}; "
        + "heatmap bicubic to the original size; first maximum strictly inside any box";
}
