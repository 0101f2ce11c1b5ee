using AmcEngine.Files.Pickle;

namespace AmcEngine.Serialization;

/// <summary>
/// What stands in an object graph for everything that is not plain data: an object of a class that the reader does not
/// know, or a tensor of a kind that it does not read. Nothing was called to make it and nothing of it was kept.
/// </summary>
/// <param name="Name">
/// The class or function that the file names (<c>argparse.Namespace</c>), or the kind of tensor (<c>sparse tensor</c>).
/// </param>
/// <param name="IsTensor">Whether it stands for a tensor.</param>
public sealed record OpaqueObject(string Name, bool IsTensor = false) : IPickleObject
{
    /// <inheritdoc/>
    bool IPickleObject.IsOpaque => true;

    /// <summary>What it is, for messages.</summary>
    public override string ToString() =>
        IsTensor ? $"a {Name}" : $"an object of {SerializationException.Quote(Name)}";

    /// <summary>The error for an object where tensors must be.</summary>
    internal SerializationException Refuse(string path, string? entry) => IsTensor
        ? SerializationException.In(
            path, entry, $"is a {Name}, which is not read", "save it as a plain tensor (dense, real numbers)")
        : SerializationException.In(
            path, entry,
            $"the pickle asks for {SerializationException.Quote(Name)}, "
                + "which is not among the names that build tensors; reading a file runs no code, so it was "
                + "refused", "save plain tensors instead: torch.save({'model': model.state_dict()}, path)");
}
