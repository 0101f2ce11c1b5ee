using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Metrics;

/// <summary>
/// A map with what it is measured against. Map and region are compared on a grid over the picture, one cell a pixel as
/// far as <see cref="LargestSide"/> allows: larger pictures would take much memory for digits that no patch of a map
/// can show.
/// </summary>
/// <param name="sample">The question as it was asked.</param>
/// <param name="map">The map of patches.</param>
internal sealed class MeasuredMap(EvaluationSample sample, PatchMap map)
{
    /// <summary>Cells along the longer side of the grid, at most.</summary>
    public const int LargestSide = 512;

    private Heatmap? _grid, _whole;
    private float[]? _region;
    private ModelInput? _input;

    /// <summary>Scores changed pictures; null where no measure asks for it.</summary>
    public PictureScores? Scores { get; init; }

    /// <summary>The map enlarged to the grid.</summary>
    public Heatmap Grid => _grid ??= map.Enlarge(Cells.Width, Cells.Height);

    /// <summary>The map in the picture's own size.</summary>
    public Heatmap Whole => _whole ??= map.Enlarge(sample.Width, sample.Height);

    /// <summary>How much each cell of the grid belongs to the regions, 0..1.</summary>
    public float[] Region => _region ??=
        RegionMask.Of(sample.Regions, sample.Width, sample.Height, Cells.Width, Cells.Height).Values;

    /// <summary>Share of the picture that the regions cover, soft cells by their weight, 0..1.</summary>
    public double RegionShare
    {
        get
        {
            double sum = 0;
            foreach (var weight in Region)
                sum += weight;
            return sum / Region.Length;
        }
    }

    /// <summary>The picture as the model saw it, with the map in its size.</summary>
    public ModelInput Input => _input ??= Normalised();

    private (int Width, int Height) Cells
    {
        get
        {
            var scale = Math.Min(1, LargestSide / (double)Math.Max(sample.Width, sample.Height));
            return (Side(sample.Width), Side(sample.Height));

            int Side(int pixels) => Math.Max(1, (int)Math.Round(pixels * scale));
        }
    }

    private ModelInput Normalised()
    {
        var picture = sample.Picture;
        var pixels = new float[picture.Pixels.Length];
        ImageOps.Normalize(picture, ImageOps.DefaultMean, ImageOps.DefaultStd, pixels);
        return ModelInput.Of(pixels, picture.Width, map);
    }
}
