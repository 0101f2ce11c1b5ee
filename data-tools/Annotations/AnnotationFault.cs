namespace AmcEngine.DataTools;

/// <summary>What can be wrong with an entry of an annotation file.</summary>
public enum AnnotationFault
{
    /// <summary>The entry is not valid JSON, NaN among its numbers included.</summary>
    NotJson = 0,

    /// <summary>The entry is no object.</summary>
    NotAnObject = 1,

    /// <summary>A text is not valid Unicode.</summary>
    NotUnicode = 2,

    /// <summary>There is no path of a picture.</summary>
    NoPicture = 3,

    /// <summary>A phrase is missing, empty, or not text.</summary>
    BadPhrase = 4,

    /// <summary>A box is not four finite numbers.</summary>
    BadBox = 5,

    /// <summary>A box has no area.</summary>
    FlatBox = 6,

    /// <summary>A box lies outside of its picture.</summary>
    BoxOutside = 7,

    /// <summary>A box is in pixels among normalised ones, or the other way round.</summary>
    OtherUnit = 8,

    /// <summary>A region is of no known kind, or what it gives makes none.</summary>
    BadRegion = 9,

    /// <summary>A mask cannot be read, or has another size than its picture.</summary>
    BadMask = 10,

    /// <summary>The files of a benchmark do not have what an entry refers to.</summary>
    UnknownReference = 11,
}
