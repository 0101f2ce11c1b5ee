namespace AmcEngine.Files.Pickle;

/// <summary>
/// What stands for an object of a class in a pickle that was read. It takes attributes and ignores them, unless it says
/// otherwise.
/// </summary>
public interface IPickleObject
{
    /// <summary>
    /// Whether nothing is known of the object: it may be called, filled and given items, and stays what it is.
    /// </summary>
    bool IsOpaque => false;

    /// <summary>Takes what the pickle sets as the object's attributes (BUILD).</summary>
    void SetState(object? state)
    {
    }
}
