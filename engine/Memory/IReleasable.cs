namespace AmcEngine.Memory;

/// <summary>
/// Something that holds memory beyond the scope of its tensors, until the outermost scope ends: a node of a graph.
/// </summary>
internal interface IReleasable
{
    /// <summary>Lets go of the memory.</summary>
    void Release();
}
