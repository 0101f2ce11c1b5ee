using AmcEngine.Amc.Configuration;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation;

/// <summary>How a configuration wants its evaluation done.</summary>
internal static class EvaluationSettings
{
    /// <summary>The resampling of test pictures.</summary>
    public static Resampling Resize(RunConfig config) =>
        config.Text("eval_resize") == "bicubic" ? Resampling.Bicubic : Resampling.Bilinear;
}
