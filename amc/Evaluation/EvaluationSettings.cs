using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Evaluation.Protocols;
using AmcEngine.Amc.Explanation.Methods;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation;

/// <summary>How a configuration wants its evaluation done.</summary>
internal static class EvaluationSettings
{
    /// <summary>The resampling of test pictures.</summary>
    public static Resampling Resize(RunConfig config) =>
        config.Text("eval_resize") == "bicubic" ? Resampling.Bicubic : Resampling.Bilinear;

    /// <summary>How a pointing game is played, in words.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="method">The explanation method.</param>
    /// <param name="protocol">The protocol.</param>
    public static string Protocol(RunConfig config, IExplanationMethod method, IProtocol protocol) =>
        $"pointing game; {method.Description}; {config.ImageSize} pixels {config.Text("eval_resize")}; "
        + $"heatmap bicubic to the original size; {protocol.Rule}";
}
