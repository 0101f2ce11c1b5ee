using AmcEngine.Amc.Configuration;

namespace AmcEngine.Amc.Evaluation;

/// <summary>How a configuration wants its evaluation done.</summary>
internal static class EvaluationSettings
{
    /// <summary>The resampling of test pictures.</summary>
    public static EvaluationResize Resize(RunConfig config) =>
        config.Text("eval_resize") == "bicubic" ? EvaluationResize.Bicubic : EvaluationResize.Bilinear;
}
