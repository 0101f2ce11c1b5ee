using AmcEngine.Backends.Plans;

namespace AmcEngine.Backends.Cpu;

// Movement of elements of 4 or 8 bytes (E = uint or ulong, whatever they mean). Layout: contiguous runs are block copies,
// two axes that swap go through 8×8 or 4×4 tiles in registers. No arithmetic; every byte is read once and written once.

/// <summary>Runs that stay contiguous: an index is one run.</summary>
internal readonly unsafe struct PermuteRunsKernel<E>(E* x, E* y, PermutePlan plan, int run) : IRange where E : unmanaged
{
    private readonly E* _x = x;
    private readonly E* _y = y;
    private readonly PermutePlan _plan = plan;
    private readonly int _run = run;

    public void Run(int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            _plan.Locate(i, out var source, out var target);
            new ReadOnlySpan<E>(_x + source, _run).CopyTo(new Span<E>(_y + target, _run));
        }
    }
}

/// <summary>
/// Planes that are transposed: y's innermost axis (columns) strides through x by <c>stride</c>, and the axis that is
/// innermost in x (rows) strides through y. An index is a band of rows of one plane.
/// </summary>
internal readonly unsafe struct TransposeKernel<E>(E* x, E* y, PermutePlan others, int rows, long rowStride, int columns, long stride, int band) : IRange where E : unmanaged
{
    private readonly E* _x = x;
    private readonly E* _y = y;
    private readonly PermutePlan _others = others;
    private readonly int _rows = rows;
    private readonly int _columns = columns;
    private readonly long _rowStride = rowStride;
    private readonly long _stride = stride;
    private readonly int _band = band;

    public void Run(int from, int to)
    {
        var bands = (_rows + _band - 1) / _band;
        for (var i = from; i < to; i++)
        {
            _others.Locate(i / bands, out var source, out var target);
            int r0 = i % bands * _band, r1 = Math.Min(_rows, r0 + _band);
            Transposes.Run(_x + source + r0, (nint)_stride, _columns, 1, r1 - r0, _y + target + r0 * _rowStride, (nint)_rowStride);
        }
    }
}

/// <summary>Copies pitched rows: run bytes from x + i·fromPitch to y + i·toPitch.</summary>
internal readonly unsafe struct CopyRowsKernel(byte* x, long fromPitch, byte* y, long toPitch, long run) : IRange
{
    private readonly byte* _x = x;
    private readonly byte* _y = y;
    private readonly long _fromPitch = fromPitch;
    private readonly long _toPitch = toPitch;
    private readonly long _run = run;

    public void Run(int from, int to)
    {
        for (var i = from; i < to; i++) Buffer.MemoryCopy(_x + i * _fromPitch, _y + i * _toPitch, _run, _run);
    }
}

/// <summary>Between image [B, C, H, W] and patches [B·(H/p)·(W/p), C·p·p]; an index is a row of patches.</summary>
internal readonly unsafe struct PatchesKernel<E>(E* image, E* patches, int channels, int height, int width, int patch, bool toPatches) : IRange where E : unmanaged
{
    private readonly E* _image = image;
    private readonly E* _patches = patches;
    private readonly int _channels = channels;
    private readonly int _height = height;
    private readonly int _width = width;
    private readonly int _patch = patch;
    private readonly bool _toPatches = toPatches;

    public void Run(int from, int to)
    {
        int p = _patch, down = _height / p, across = _width / p;
        var columns = (long)_channels * p * p;
        for (var i = from; i < to; i++)
        {
            int b = i / down, py = i % down;
            for (var c = 0; c < _channels; c++)
                for (var y = 0; y < p; y++)
                {
                    var pixels = _image + (((long)b * _channels + c) * _height + (long)py * p + y) * _width;
                    var cells = _patches + (long)i * across * columns + (c * p + y) * p;
                    for (var px = 0; px < across; px++, pixels += p, cells += columns)
                        if (_toPatches) new ReadOnlySpan<E>(pixels, p).CopyTo(new Span<E>(cells, p));
                        else new ReadOnlySpan<E>(cells, p).CopyTo(new Span<E>(pixels, p));
                }
        }
    }
}
