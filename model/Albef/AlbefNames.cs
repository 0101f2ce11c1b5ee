using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Modules;

namespace AmcEngine.Model.Albef;

/// <summary>
/// Names of ALBEF's checkpoints: <c>bert.</c> may have been lost, and earlier ones have a single <c>queue_ptr</c> for
/// both queues (specification 8).
/// </summary>
internal sealed class AlbefNames : CheckpointNames
{
    private const string BertLevel = "bert.";
    private const string MomentumSuffix = "_m.";
    private const string OldQueuePointer = "queue_ptr";

    /// <summary>The only instance.</summary>
    public static AlbefNames Instance { get; } = new();

    /// <inheritdoc/>
    public override string Canonical(string name) => name.Replace(BertLevel, "", StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string? Former(string name) =>
        name.StartsWith(OldQueuePointer, StringComparison.Ordinal) ? OldQueuePointer : null;

    /// <summary>
    /// A model for evaluation has no momentum copies and queues; one to which other texts of a picture are wrong does
    /// not ask which pictures the queue is about.
    /// </summary>
    public override bool IsKnownExtra(string name, bool forTraining) => name == PictureQueue.EntryName
        || (!forTraining && (name.Contains(MomentumSuffix, StringComparison.Ordinal)
            || name.Contains("queue", StringComparison.Ordinal)));
}
