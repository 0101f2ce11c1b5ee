using System.Text.Json;

namespace AmcEngine.DataTools;

/// <summary>A picture of COCO's <c>images</c>.</summary>
/// <param name="File">Its file name.</param>
/// <param name="Width">Width in pixels, if it is told.</param>
/// <param name="Height">Height in pixels, if it is told.</param>
internal readonly record struct CocoPicture(string File, long? Width, long? Height)
{
    /// <summary>
    /// The picture of an element of <c>images</c>, or of <c>image_info</c>; null where it is malformed.
    /// </summary>
    public static (long Id, CocoPicture Picture)? Of(JsonElement element) =>
        element.Whole("id") is { } id && element.Text("file_name") is { Length: > 0 } file
            ? (id, new CocoPicture(file, element.Whole("width"), element.Whole("height")))
            : null;
}

/// <summary>An object of COCO's <c>annotations</c>.</summary>
/// <param name="Picture">Id of its picture.</param>
/// <param name="Category">Id of its category, if it is told.</param>
/// <param name="Box">Its box.</param>
/// <param name="Segmentation">Its outline or mask as published, if any.</param>
internal sealed record CocoObject(long? Picture, long? Category, Box Box, JsonElement? Segmentation)
{
    /// <summary>The object of an element, valid for as long as the element; null where it has no box.</summary>
    public static CocoObject? Of(JsonElement element) => element.SizeBox("bbox") is { } box
        ? new CocoObject(element.Whole("image_id"), element.Whole("category_id"), box, element.Field("segmentation"))
        : null;

    /// <summary>The box with the outline or mask.</summary>
    /// <param name="picture">The object's picture.</param>
    /// <param name="hasBadShape">Whether there is an outline or mask that is none, so that the box is all.</param>
    public ImportedRegion Region(CocoPicture picture, out bool hasBadShape)
    {
        var shape = CocoShape.Region(Segmentation, picture.Width, picture.Height);
        hasBadShape = shape is null;
        return new ImportedRegion(Box, shape ?? []);
    }
}
