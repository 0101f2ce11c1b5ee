using System.Globalization;

namespace AmcEngine.DataTools;

/// <summary>One entry of an annotation file (specification 6): a picture, phrases, and the boxes each phrase points at.</summary>
/// <param name="Image">Path of the picture below the image root.</param>
/// <param name="Captions">At least one phrase, not cleaned.</param>
/// <param name="Boxes">At least one box, in pixels of the picture.</param>
public sealed record RegionAnnotation(string Image, IReadOnlyList<string> Captions, IReadOnlyList<Box> Boxes)
{
    /// <summary>
    /// Checks every box against the picture's size. A box partly outside is fine, since the recipe clamps it (specification 5).
    /// </summary>
    /// <param name="width">Width of the picture in pixels.</param>
    /// <param name="height">Height of the picture in pixels.</param>
    /// <exception cref="DataException">A box lies fully outside the picture or covers no pixel of it.</exception>
    public void CheckBoxes(int width, int height)
    {
        for (int i = 0; i < Boxes.Count; i++)
        {
            if (!RegionMask.Covers(Boxes[i], width, height))
                throw new DataException($"{Image}: bbox[{i}] {Text(Boxes[i])} covers no pixel of the {width}×{height} picture; boxes are [x1, y1, x2, y2] in pixels of the original picture.");
        }
    }

    internal static string Text(Box box) =>
        string.Create(CultureInfo.InvariantCulture, $"[{box.X1}, {box.Y1}, {box.X2}, {box.Y2}]");
}
