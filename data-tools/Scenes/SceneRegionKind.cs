namespace AmcEngine.DataTools;

/// <summary>How the items of generated scenes are annotated.</summary>
public enum SceneRegionKind
{
    /// <summary>By the bounding box.</summary>
    Box = 0,

    /// <summary>By the outline.</summary>
    Polygon = 1,

    /// <summary>By the pixels.</summary>
    Mask = 2,

    /// <summary>By a few points in the item.</summary>
    Points = 3,

    /// <summary>By a short line in the item.</summary>
    Scribble = 4,

    /// <summary>By one of these, drawn for each scene.</summary>
    Mixed = 5,
}
