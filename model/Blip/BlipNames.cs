using AmcEngine.Model.Checkpoints;
using AmcEngine.Model.Modules;

namespace AmcEngine.Model.Blip;

/// <summary>
/// Names of BLIP's checkpoints: those of its own repository, which LAVIS keeps. A pre-training checkpoint also holds a
/// text decoder, which matching does not use.
/// </summary>
internal sealed class BlipNames : CheckpointNames
{
    private const string Decoder = "text_decoder.";

    /// <summary>The only instance.</summary>
    public static BlipNames Instance { get; } = new();

    /// <inheritdoc/>
    public override bool IsKnownExtra(string name, bool forTraining) =>
        name.StartsWith(Decoder, StringComparison.Ordinal)
        || (!forTraining
            && (name.Contains("_m.", StringComparison.Ordinal) || name.Contains("queue", StringComparison.Ordinal)));
}
