using AmcEngine.Model;
using AmcEngine.Model.Checkpoints;
using AmcEngine.Model.Modules;

namespace AmcEngine.Amc.Training;

/// <summary>What must be said, or refused, of a checkpoint that was loaded.</summary>
internal static class WeightRules
{
    private const int Shown = 3;

    /// <summary>Holds that an explanation depends on no weight that the checkpoint did not give.</summary>
    /// <exception cref="ModelException">It does, and that is not allowed.</exception>
    public static void RequireWhole(
        LoadReport report, IVisionLanguageModel model, GroundingSettings grounding, string path, LoadOptions options)
    {
        if (OtherLayers(report) is { } layers)
            throw new ModelException(
                $"{path}: {layers}; set vision_depth, text_layers and fusion_layers to those of the checkpoint");
        if (report.Lacks(model.ExplanationWeights(grounding)) is not { } lacking)
            return;
        if (!options.AllowMissing)
            throw new ModelException($"{path}: lacks {lacking} that an explanation needs; "
                + "give a checkpoint that has them, or --allow-missing to go on with random numbers in their place");
        options.Warn($"{path}: lacks {lacking} that an explanation needs; random numbers stand in their place, "
            + "and what follows says little about the checkpoint");
    }

    /// <summary>
    /// Says what a training's starting weights lack: a part of a model is a fair start, if one knows.
    /// </summary>
    /// <param name="report">What was loaded.</param>
    /// <param name="wanted">The weights that it should have.</param>
    /// <param name="path">The file.</param>
    /// <param name="warn">Where to say it.</param>
    public static void WarnOfPart(
        LoadReport report, IEnumerable<Parameter> wanted, string path, Action<string> warn)
    {
        if (report.Lacks(wanted) is { } lacking)
            warn($"{path}: lacks {lacking} that are trained; those start from random numbers");
        if (OtherLayers(report) is { } layers)
            warn($"{path}: {layers}; they are left out");
    }

    /// <summary>Says which of several sets of weights was taken.</summary>
    /// <param name="path">The file.</param>
    /// <param name="taken">The key under which they lay; null for the top.</param>
    /// <param name="others">The keys of the others.</param>
    /// <param name="option">What chooses another.</param>
    /// <param name="warn">Where to say it.</param>
    public static void WarnOfChoice(
        string path, string? taken, IReadOnlyList<string> others, string option, Action<string> warn)
    {
        if (others.Count > 0)
            warn($"{path}: the weights {(taken is null ? "at its top" : $"under '{taken}'")} are taken; "
                + $"others are under {string.Join(", ", others.Take(Shown).Select(k => $"'{k}'"))} ({option} chooses)");
    }

    private static string? OtherLayers(LoadReport report) => report.OtherLayers is not [var first, ..]
        ? null
        : $"holds {report.OtherLayers.Count} tensors of layers that the configuration's model does not have "
            + $"({first}{(report.OtherLayers.Count > 1 ? ", …" : "")})";
}
