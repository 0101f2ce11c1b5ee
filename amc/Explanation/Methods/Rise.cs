using AmcEngine.DataTools;

namespace AmcEngine.Amc.Explanation.Methods;

/// <summary>Scores of a picture under several masks.</summary>
/// <param name="masks">
/// Masks <c>[count, side, side]</c>, row by row, 0 … 1: what the picture's pixels are multiplied with. The array is
/// reused.
/// </param>
/// <returns>One score a mask.</returns>
public delegate IReadOnlyList<double> MaskedScores(ReadOnlySpan<float> masks);

/// <summary>Constants of RISE; the defaults are those of its paper for small pictures.</summary>
/// <param name="Masks">How many masks.</param>
/// <param name="Cells">Cells along a side of the coarse grid that a mask is enlarged from.</param>
/// <param name="Kept">Probability that a cell keeps its pixels.</param>
/// <param name="Batch">Masks that are scored at a time.</param>
/// <param name="Seed">Seed of the masks.</param>
public sealed record RiseOptions(int Masks = 4000, int Cells = 7, double Kept = 0.5, int Batch = 32, ulong Seed = 0);

/// <summary>
/// RISE (Petsiuk et al. 2018): the picture is scored under random masks, and a pixel counts by the mean score of the
/// masks that keep it. It needs nothing of a model but scores, which are costly: one pass a mask.
/// </summary>
public sealed class Rise(RiseOptions? options = null) : IExplanationMethod
{
    private readonly RiseOptions _options = options ?? new RiseOptions();

    /// <inheritdoc/>
    public string Name => "rise";

    /// <inheritdoc/>
    public string Description => $"{Name} of {_options.Masks} masks";

    /// <summary>
    /// How much each pixel speaks for the score, <c>side²</c> numbers: Σ score·mask / Σ mask, the mean score of the
    /// masks that keep it. The paper divides by masks·kept, what Σ mask is in expectation: then a score that masks
    /// hardly change draws nothing but how often each pixel happened to be kept.
    /// </summary>
    /// <param name="score">Scores the masked pictures.</param>
    /// <param name="side">Side of picture and masks in pixels.</param>
    public double[] Explain(MaskedScores score, int side)
    {
        ArgumentNullException.ThrowIfNull(score);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(side);
        var pixels = side * side;
        var (saliency, kept) = (new double[pixels], new double[pixels]);
        var masks = new float[Math.Min(_options.Batch, _options.Masks) * pixels];
        for (var first = 0; first < _options.Masks; first += _options.Batch)
        {
            var count = Math.Min(_options.Batch, _options.Masks - first);
            for (var i = 0; i < count; i++) Fill(masks.AsSpan(i * pixels, pixels), side, (ulong)(first + i));
            var scores = score(masks.AsSpan(0, count * pixels));
            if (scores.Count != count) throw new InvalidOperationException($"{scores.Count} scores for {count} masks");
            for (var i = 0; i < count; i++)
                for (var p = 0; p < pixels; p++)
                {
                    saliency[p] += scores[i] * masks[i * pixels + p];
                    kept[p] += masks[i * pixels + p];
                }
        }
        for (var p = 0; p < pixels; p++)
            if (kept[p] > 0) saliency[p] /= kept[p];
        return saliency;
    }

    // A coarse grid of kept cells, enlarged bilinearly to one cell more than the picture and shifted by less than a
    // cell.
    private void Fill(Span<float> mask, int side, ulong number)
    {
        var random = new SeededRandom(_options.Seed, number);
        var cells = _options.Cells;
        var grid = new float[cells * cells];
        for (var i = 0; i < grid.Length; i++) grid[i] = random.NextDouble() < _options.Kept ? 1 : 0;
        var cell = (side + cells - 1) / cells;
        int left = random.NextInt(cell), top = random.NextInt(cell);
        var scale = (double)cells / ((cells + 1) * cell);
        for (var y = 0; y < side; y++)
            for (var x = 0; x < side; x++)
                mask[y * side + x] = At(grid, (x + left + 0.5) * scale - 0.5, (y + top + 0.5) * scale - 0.5);
    }

    private float At(float[] grid, double x, double y)
    {
        var last = _options.Cells - 1;
        (x, y) = (Math.Clamp(x, 0, last), Math.Clamp(y, 0, last));
        int x0 = (int)x, y0 = (int)y, x1 = Math.Min(x0 + 1, last), y1 = Math.Min(y0 + 1, last);
        double fx = x - x0, fy = y - y0;
        double Row(int row) => (1 - fx) * grid[row * _options.Cells + x0] + fx * grid[row * _options.Cells + x1];
        return (float)((1 - fy) * Row(y0) + fy * Row(y1));
    }
}
