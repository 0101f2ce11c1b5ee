namespace AmcEngine.DataTools;

/// <summary>The item of a scene that the phrase names, as an annotator could mark it.</summary>
/// <param name="Pixels">Its pixels: 255 in the item, 0 elsewhere.</param>
/// <param name="Outline">Its outline: a polygon, or a union of polygons.</param>
public sealed record SceneItem(MaskPicture Pixels, Region Outline);
