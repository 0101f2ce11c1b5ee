using AmcEngine.Serialization;

namespace AmcEngine.Model.Modules;

/// <summary>How the checkpoints of a model name what its state dict holds.</summary>
public class CheckpointNames
{
    /// <summary>Names are those of the state dict.</summary>
    public static CheckpointNames Plain { get; } = new();

    /// <summary>The one spelling of a name that several checkpoints write differently.</summary>
    public virtual string Canonical(string name) => name;

    /// <summary>An older name under which an entry may lie; null where it has none.</summary>
    /// <param name="name">Name in the state dict.</param>
    public virtual string? Former(string name) => null;

    /// <summary>
    /// A checkpoint of another naming in this one's, tensors split, packed or transposed as needed; else the same list.
    /// </summary>
    /// <param name="tensors">The checkpoint's tensors.</param>
    /// <exception cref="ModelException">It is of a form that cannot be brought into this one.</exception>
    public virtual IReadOnlyList<TensorData> Translate(IReadOnlyList<TensorData> tensors) => tensors;

    /// <summary>Whether it is no surprise that a checkpoint has an entry which the model does not know.</summary>
    /// <param name="name">The entry's name.</param>
    /// <param name="forTraining">Whether the model has what training alone needs.</param>
    public virtual bool IsKnownExtra(string name, bool forTraining) => false;
}
