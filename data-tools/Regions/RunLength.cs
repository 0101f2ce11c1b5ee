using System.Globalization;

namespace AmcEngine.DataTools;

/// <summary>
/// A mask of 0 and 1 as COCO writes it: lengths of runs of equal pixels, column by column from the top, the first run
/// of zeros (which may be empty).
/// </summary>
public sealed record RunLength : PixelRegion
{
    private readonly int[] _ends;

    /// <summary>Takes the lengths of runs.</summary>
    /// <param name="width">Width of the picture in pixels.</param>
    /// <param name="height">Height of the picture in pixels.</param>
    /// <param name="counts">The runs, of 0 and of 1 in turn; together width · height pixels.</param>
    /// <exception cref="DataException">
    /// A side is not positive, a run is negative, or the sum is another; one line without the mask's place.
    /// </exception>
    public RunLength(int width, int height, IReadOnlyList<int> counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        long pixels = (long)width * height, sum = 0;
        if (width < 1 || height < 1 || pixels > int.MaxValue)
            throw new DataException(
                $"the size [{height}, {width}] of the run-length mask is not [height, width] of a picture");
        (Width, Height, Counts, _ends) = (width, height, counts, new int[counts.Count]);
        const string remedy = "check its size and counts";
        for (var i = 0; i < counts.Count; i++)
        {
            if (counts[i] < 0)
                throw new DataException($"the run-length mask has a negative run; {remedy}");
            sum += counts[i];
            if (sum > pixels)
                throw new DataException(
                    $"the run-length mask has more than its {pixels} pixels ({width}×{height}); {remedy}");
            _ends[i] = (int)sum;
        }
        if (sum != pixels)
        {
            throw new DataException(
                $"the runs of the mask hold {sum} pixels instead of {pixels} ({width}×{height}); {remedy}");
        }
    }

    /// <inheritdoc/>
    public override string Kind => "rle";

    /// <inheritdoc/>
    public override int Width { get; }

    /// <inheritdoc/>
    public override int Height { get; }

    /// <summary>The runs, of 0 and of 1 in turn.</summary>
    public IReadOnlyList<int> Counts { get; }

    /// <inheritdoc/>
    public override float this[int x, int y]
    {
        get
        {
            // The first run that ends behind the pixel; every second one is of 1.
            int at = x * Height + y, low = 0, high = _ends.Length;
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (_ends[middle] <= at)
                    low = middle + 1;
                else
                    high = middle;
            }
            return low % 2;
        }
    }

    /// <summary>The number of pixels that are set.</summary>
    public override double Area => Runs().Sum(r => (double)r.Length);

    /// <summary>The box around the set pixels' squares; without any, [0, 0, 0, 0].</summary>
    public override Box Bounds
    {
        get
        {
            int left = int.MaxValue, top = int.MaxValue, right = -1, bottom = -1;
            foreach (var (start, length) in Runs())
            {
                int first = start / Height, last = (start + length - 1) / Height;
                (left, right) = (Math.Min(left, first), Math.Max(right, last));
                // A run that goes on in the next column reaches the lower edge of one and the upper of the other.
                top = Math.Min(top, first < last ? 0 : start % Height);
                bottom = Math.Max(bottom, first < last ? Height - 1 : (start + length - 1) % Height);
            }
            return right < 0 ? new Box(0, 0, 0, 0) : new Box(left, top, right + 1, bottom + 1);
        }
    }

    /// <summary>The mask of the pixels that count anything.</summary>
    public static RunLength Of(RegionMask mask)
    {
        ArgumentNullException.ThrowIfNull(mask);
        List<int> counts = [];
        var value = false;
        var length = 0;
        for (var x = 0; x < mask.Width; x++)
        {
            for (var y = 0; y < mask.Height; y++)
            {
                if (mask.Values[y * mask.Width + x] > 0 != value)
                {
                    counts.Add(length);
                    (value, length) = (!value, 0);
                }
                length++;
            }
        }
        counts.Add(length);
        return new RunLength(mask.Width, mask.Height, counts);
    }

    /// <summary>Equal where sizes and runs are.</summary>
    public bool Equals(RunLength? other) =>
        base.Equals(other) && (Width, Height) == (other.Width, other.Height) && Counts.SequenceEqual(other.Counts);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Width, Height, Counts.Count);

    /// <inheritdoc/>
    internal override string Text =>
        string.Create(CultureInfo.InvariantCulture, $"run-length mask of {Width}×{Height} pixels");

    private IEnumerable<(int Start, int Length)> Runs()
    {
        for (var i = 1; i < _ends.Length; i += 2)
        {
            if (Counts[i] > 0)
                yield return (_ends[i - 1], Counts[i]);
        }
    }
}
