using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Explanation.Methods;
using AmcEngine.DataTools;
using AmcEngine.Model;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.Evaluation.Explainers;

/// <summary>What an explainer is made of.</summary>
/// <param name="Model">The model.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
/// <param name="Resize">How pictures are resized.</param>
/// <param name="Settings">Which score and layer explain the model; null takes its own.</param>
internal sealed record ExplainedModel(
    IVisionLanguageModel Model, ITokenizer Tokenizer, Resampling Resize, GroundingSettings? Settings = null)
{
    /// <summary>Whether the model sees only the square in the middle of a picture.</summary>
    public bool Crop { get; init; }
}

/// <summary>The explainer of a method.</summary>
internal static class ExplainerChoice
{
    // Encoded pictures that wait for questions further down: 680 of ALBEF-base.
    private const long KeptEncodings = 512L << 20;

    /// <summary>The method that is taken where none is named.</summary>
    public static IExplanationMethod Default => ExplanationMethods.All[0];

    /// <summary>The method of a name.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="rise">Constants of RISE.</param>
    /// <exception cref="ConfigException">There is none of that name.</exception>
    public static IExplanationMethod Find(string name, RiseOptions rise)
    {
        var method = ExplanationMethods.Find(name) ?? throw new ConfigException(
            $"--method {name}: is no explanation method; use one of {Names(ExplanationMethods.All)}");
        return method is Rise ? new Rise(rise) : method;
    }

    /// <summary>The methods that apply to a score, the default first.</summary>
    /// <param name="mode">Whose score is explained.</param>
    /// <param name="rise">Constants of RISE.</param>
    public static IReadOnlyList<IExplanationMethod> Applicable(GroundingMode mode, RiseOptions rise) =>
        [.. ExplanationMethods.All.Where(m => Applies(m, mode)).Select(m => m is Rise ? new Rise(rise) : m)];

    /// <summary>
    /// The explainer: of the default method the one that computes where training does, on the device and for several
    /// pairs at a time; of the others one that reads attentions pair by pair.
    /// </summary>
    /// <exception cref="ConfigException">The method does not apply to the score.</exception>
    public static IExplainer Create(ExplainedModel model, IExplanationMethod method)
    {
        var settings = model.Settings ?? new GroundingSettings();
        if (method is GradCamMethod)
            return new Explainer(model.Model, model.Tokenizer, model.Resize, settings, model.Crop, KeptEncodings);
        var grounder = model.Model.Grounder(settings);
        if (Applies(method, grounder.Mode))
            return new MethodExplainer(model, grounder, method);
        var others = Names(ExplanationMethods.All.Where(m => Applies(m, grounder.Mode)));
        throw new ConfigException(
            $"--method {method.Name}: needs a score of the picture's class token (explain.mode: itc), and this model "
            + $"is explained by image-text matching; use one of {others}");
    }

    private static string Names(IEnumerable<IExplanationMethod> methods) =>
        string.Join(", ", methods.Select(m => m.Name));

    // Grad-ECLIP follows the class token's output alone; in a match the score comes through the text.
    private static bool Applies(IExplanationMethod method, GroundingMode mode) =>
        method is not GradEclip || mode == GroundingMode.Itc;
}
