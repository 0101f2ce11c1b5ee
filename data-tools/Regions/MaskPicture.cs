namespace AmcEngine.DataTools;

/// <summary>
/// A mask as a picture of the size of its own: a grey value counts as value / 255, and everything that is not black
/// belongs to the region. The file is read when a sample needs it; until then only <see cref="Path"/> is known.
/// </summary>
/// <param name="Path">The file below image_root; empty where the mask comes from no file.</param>
public sealed record MaskPicture(string Path) : PixelRegion
{
    private readonly int _width;
    private readonly int _height;
    private readonly byte[]? _gray;

    /// <summary>A mask in memory.</summary>
    /// <param name="width">Width of the picture in pixels.</param>
    /// <param name="height">Height of the picture in pixels.</param>
    /// <param name="gray">height × width grey values.</param>
    /// <param name="path">Its file, if any.</param>
    /// <exception cref="ArgumentException">The number of values does not fit the sides.</exception>
    public MaskPicture(int width, int height, byte[] gray, string path = "") : this(path)
    {
        ArgumentNullException.ThrowIfNull(gray);
        if (width < 1 || height < 1 || gray.Length != (long)width * height)
            throw new ArgumentException($"a mask of {width}×{height} cannot have {gray.Length} values.", nameof(gray));
        (_width, _height, _gray) = (width, height, gray);
    }

    /// <inheritdoc/>
    public override string Kind => "mask";

    /// <summary>Whether the pixels are known; without them, only <see cref="Path"/> can be asked for.</summary>
    public bool IsRead => _gray is not null;

    /// <inheritdoc/>
    public override int Width => Gray is null ? 0 : _width;

    /// <inheritdoc/>
    public override int Height => Gray is null ? 0 : _height;

    /// <summary>height × width grey values.</summary>
    /// <exception cref="InvalidOperationException">The file has not been read.</exception>
    public byte[] Gray => _gray ?? throw new InvalidOperationException($"the mask {Path} has not been read");

    /// <inheritdoc/>
    public override float this[int x, int y] => Gray[y * _width + x] / 255f;

    /// <summary>The number of pixels that are not black.</summary>
    public override double Area => Gray.Length - Gray.AsSpan().Count((byte)0);

    /// <summary>The box around the squares of the pixels that are not black; without any, [0, 0, 0, 0].</summary>
    public override Box Bounds
    {
        get
        {
            int left = int.MaxValue, top = int.MaxValue, right = -1, bottom = -1;
            for (var y = 0; y < Height; y++)
            {
                var row = Gray.AsSpan(y * _width, _width);
                var first = row.IndexOfAnyExcept((byte)0);
                if (first < 0)
                    continue;
                (left, right) = (Math.Min(left, first), Math.Max(right, row.LastIndexOfAnyExcept((byte)0)));
                (top, bottom) = (Math.Min(top, y), y);
            }
            return right < 0 ? new Box(0, 0, 0, 0) : new Box(left, top, right + 1, bottom + 1);
        }
    }

    /// <summary>Equal where paths and pixels are.</summary>
    public bool Equals(MaskPicture? other) => base.Equals(other) && Path == other.Path
        && (_width, _height) == (other._width, other._height) && _gray.AsSpan().SequenceEqual(other._gray);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Path, _width, _height);

    /// <inheritdoc/>
    internal override string Text => IsRead ? $"mask {Path} of {_width}×{_height} pixels" : $"mask {Path}";

    /// <inheritdoc/>
    internal override Region Fit(int width, int height, Func<string, MaskPicture>? read)
    {
        if (IsRead)
            return base.Fit(width, height, read);
        if (read is null)
            throw new DataException($"{Text} cannot be read without image_root");
        var mask = read(Path);
        return new MaskPicture(mask.Width, mask.Height, mask.Gray, Path) { Weight = Weight }.Fit(width, height, read);
    }
}
