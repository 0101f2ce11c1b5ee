namespace AmcEngine.DataTools;

/// <summary>A size that a picture is wanted in.</summary>
/// <param name="Size">Width and height that are wanted of a picture of that width and height.</param>
/// <param name="Rule">How it is resized.</param>
public sealed record PictureTarget(Func<int, int, (int Width, int Height)> Size, Resampling Rule)
{
    /// <summary>The picture as it is.</summary>
    public static PictureTarget Whole { get; } =
        new((width, height) => (width, height), Resampling.Bilinear) { Name = "whole" };

    /// <summary>Tells it from all other targets; null for one that only its maker knows.</summary>
    public string? Name { get; private init; }

    /// <summary>
    /// Of the whole picture only what a window of it shows, where the rest need not be made: then the views say so. It
    /// gets width and height of the picture.
    /// </summary>
    public Func<int, int, PictureWindow>? Window { get; private init; }

    /// <summary>Sides that the window is needed in; a fraction of its size may do.</summary>
    public int WindowSide { get; private init; }

    /// <summary>Of the resized picture only the square in the middle; null: all of it.</summary>
    public CentreCrop? Crop { get; private init; }

    /// <summary>The picture as it is, or what a window of it shows.</summary>
    /// <param name="window">The window of a picture of that width and height.</param>
    /// <param name="side">Sides that it is needed in.</param>
    public static PictureTarget WholeOr(Func<int, int, PictureWindow> window, int side) =>
        Whole with { Name = null, Window = window, WindowSide = side };

    /// <summary>A square, as models want it: the whole picture, whatever its shape.</summary>
    public static PictureTarget Square(int side, Resampling rule) =>
        new((_, _) => (side, side), rule) { Name = FormattableString.Invariant($"square {side} {rule}") };

    /// <summary>The square in the middle, as CLIP was trained.</summary>
    /// <param name="side">Its side.</param>
    public static PictureTarget Centre(int side)
    {
        var crop = new CentreCrop(side);
        return new PictureTarget(crop.Resized, Resampling.Bicubic)
        {
            Crop = crop,
            Name = FormattableString.Invariant($"centre {side}")
        };
    }

    /// <summary>What is wanted of the picture once it is resized.</summary>
    internal RgbImage Finish(RgbImage resized) => Crop?.Cut(resized) ?? resized;
}

/// <summary>A picture in the sizes that were wanted.</summary>
/// <param name="Width">Its own width.</param>
/// <param name="Height">Its own height.</param>
/// <param name="Images">One picture a target.</param>
public sealed record PictureViews(int Width, int Height, IReadOnlyList<RgbImage> Images)
{
    /// <summary>What the one picture shows of the whole, in its own size or a smaller one; null: all.</summary>
    public PictureWindow? Window { get; init; }

    /// <summary>The middle of one of the picture's own pixels, in pixels of a view of it.</summary>
    /// <param name="view">The view.</param>
    /// <param name="pixel">The pixel, or null for none.</param>
    public (float X, float Y)? PointIn(RgbImage view, (int X, int Y)? pixel) =>
        pixel is { } p ? ((p.X + 0.5f) * view.Width / Width, (p.Y + 0.5f) * view.Height / Height) : null;

    /// <summary>The views of a picture in memory.</summary>
    public static PictureViews Of(RgbImage picture, IReadOnlyList<PictureTarget> targets) =>
        Of(picture, targets, picture.Width, picture.Height);

    /// <summary>The views of a picture that was decoded in another size than its own.</summary>
    internal static PictureViews Of(RgbImage picture, IReadOnlyList<PictureTarget> targets, int ownWidth, int ownHeight)
    {
        var images = new RgbImage[targets.Count];
        for (var i = 0; i < images.Length; i++)
        {
            (var width, var height) = targets[i].Size(ownWidth, ownHeight);
            images[i] = targets[i].Finish((width, height) == (picture.Width, picture.Height) ? picture
                : targets[i].Rule == Resampling.Bicubic ? ImageOps.ResizeBicubic(picture, width, height)
                : ImageOps.ResizeBilinear(picture, width, height));
        }
        return new PictureViews(ownWidth, ownHeight, images);
    }
}
