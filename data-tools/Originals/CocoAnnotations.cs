using System.Text.Json;

namespace AmcEngine.DataTools;

/// <summary>A picture of COCO's <c>images</c>.</summary>
/// <param name="File">Its file name.</param>
/// <param name="Width">Width in pixels, if it is told.</param>
/// <param name="Height">Height in pixels, if it is told.</param>
internal readonly record struct CocoPicture(string File, long? Width, long? Height)
{
    /// <summary>The picture of an element of <c>images</c>, or of <c>image_info</c>; null where it is malformed.</summary>
    public static (long Id, CocoPicture Picture)? Of(JsonElement element) =>
        element.Whole("id") is { } id && element.Text("file_name") is { Length: > 0 } file
            ? (id, new CocoPicture(file, element.Whole("width"), element.Whole("height")))
            : null;
}

/// <summary>An object of COCO's <c>annotations</c>.</summary>
/// <param name="Picture">Id of its picture.</param>
/// <param name="Category">Id of its category, if it is told.</param>
/// <param name="Region">Box and outline.</param>
/// <param name="HasBadShape">Whether its outline is none.</param>
internal sealed record CocoObject(long? Picture, long? Category, ImportedRegion Region, bool HasBadShape)
{
    /// <summary>The object of an element; null where it has no box.</summary>
    public static CocoObject? Of(JsonElement element)
    {
        if (element.SizeBox("bbox") is not { } box)
            return null;
        var shape = CocoShape.Region(element.Field("segmentation"));
        return new CocoObject(element.Whole("image_id"), element.Whole("category_id"), new ImportedRegion(box, shape ?? []), shape is null);
    }
}
