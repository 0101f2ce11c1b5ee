namespace AmcEngine.DataTools;

/// <summary>Whether the edge of a region belongs to it.</summary>
public enum Edges
{
    /// <summary>It does not: a point on the edge is outside (the interior of the region).</summary>
    Strict = 0,

    /// <summary>It does (the region's closure).</summary>
    Inclusive = 1,
}
