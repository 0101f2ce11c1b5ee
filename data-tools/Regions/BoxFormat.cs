namespace AmcEngine.DataTools;

/// <summary>What the four numbers of a box mean.</summary>
public enum BoxFormat
{
    /// <summary>Corners: as shares of the picture where all boxes of a file lie in 0…1, else in pixels.</summary>
    Auto = 0,

    /// <summary>x1, y1, x2, y2 in pixels.</summary>
    Corners = 1,

    /// <summary>x, y, width, height in pixels.</summary>
    Size = 2,

    /// <summary>x1, y1, x2, y2 as shares of the picture's width and height.</summary>
    Normalised = 3,
}
