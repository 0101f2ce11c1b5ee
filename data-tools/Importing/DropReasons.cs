namespace AmcEngine.DataTools;

/// <summary>Why something of an original was not written, as <c>summary.json</c> names it.</summary>
internal static class DropReasons
{
    /// <summary>A box that lies outside of the picture.</summary>
    public const string BoxOutside = "box_outside";

    /// <summary>A box without width or height.</summary>
    public const string FlatBox = "box_without_area";

    /// <summary>A phrase that is empty, or empty after the recipe's cleaning.</summary>
    public const string EmptyPhrase = "empty_phrase";

    /// <summary>A record of which a field is missing or of another kind.</summary>
    public const string Malformed = "malformed";

    /// <summary>An id that an earlier record has.</summary>
    public const string DuplicateId = "duplicate_id";

    /// <summary>The id of a picture that is not there.</summary>
    public const string UnknownPicture = "unknown_picture";

    /// <summary>The id of an annotation that is not there.</summary>
    public const string UnknownAnnotation = "unknown_annotation";

    /// <summary>The id of a category that is not there.</summary>
    public const string UnknownCategory = "unknown_category";

    /// <summary>A phrase about something that has no box.</summary>
    public const string NoBox = "no_box";

    /// <summary>A phrase about nothing that can be seen (<c>EN#0</c> of Flickr30k Entities).</summary>
    public const string NotVisual = "not_visual";

    /// <summary>A phrase about a picture whose file is missing.</summary>
    public const string MissingPicture = "missing_picture";

    /// <summary>An outline or mask that is none; its box was written in its place.</summary>
    public const string BadShape = "bad_shape";
}
