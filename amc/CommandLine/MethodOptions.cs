using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Explanation.Methods;
using CommandLine;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Options of the commands that explain a trained model by one method.</summary>
internal abstract class MethodOptions : ModelOptions
{
    /// <summary>The explanation method.</summary>
    [Option("method", Default = "gradcam", MetaValue = "M",
        HelpText = "How to explain: gradcam, gradcam++, attention, rollout, relevance, rise or grad-eclip (CLIP).")]
    public string Method { get; set; } = "gradcam";

    /// <summary>Masks of RISE; null takes the paper's number.</summary>
    [Option("rise-masks", MetaValue = "N",
        HelpText = "Masks a phrase of --method rise (default 4000): fewer are faster and noisier.")]
    public int? RiseMasks { get; set; }

    /// <summary>The method with its constants.</summary>
    /// <exception cref="ConfigException">There is no such method, or too few masks.</exception>
    public IExplanationMethod Choose(CommandContext context)
    {
        var method = ExplainerChoice.Find(Method, RiseOf(RiseMasks, new RiseOptions().Masks));
        if (RiseMasks is not null && method is not Rise)
            context.Note($"--rise-masks has no effect with --method {Method}");
        return method;
    }

    /// <summary>Constants of RISE.</summary>
    /// <param name="masks">Masks a phrase as asked for; may be null.</param>
    /// <param name="otherwise">Masks where it is null.</param>
    /// <exception cref="ConfigException">Less than one mask.</exception>
    public static RiseOptions RiseOf(int? masks, int otherwise) => masks is null or > 0
        ? new RiseOptions(masks ?? otherwise)
        : throw new ConfigException(
            $"--rise-masks {masks}: must be at least 1; a few hundred are quick, 4000 are the paper's");
}
