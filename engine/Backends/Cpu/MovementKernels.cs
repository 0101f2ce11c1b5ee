using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AmcEngine.Backends.Cpu;

// Movement of elements of 4 or 8 bytes (E = uint or ulong, whatever they mean). Layout: contiguous runs are block copies,
// two axes that swap go through 8×8 or 4×4 tiles in registers. No arithmetic; every byte is read once and written once.

/// <summary>
/// A permutation with axes of extent 1 dropped and neighbours merged, in the order of the result's axes, outermost first.
/// </summary>
internal unsafe struct PermutePlan
{
    public const int MaxRank = 16;

    public int Rank;
    public fixed int Extent[MaxRank];

    /// <summary>Stride within the source.</summary>
    public fixed long From[MaxRank];

    /// <summary>Stride within the result.</summary>
    public fixed long To[MaxRank];

    /// <summary>The plan of a permutation of a tensor of the given extents.</summary>
    public static PermutePlan Of(ReadOnlySpan<int> extents, ReadOnlySpan<int> perm)
    {
        var plan = new PermutePlan();
        Span<long> strides = stackalloc long[extents.Length];
        long stride = 1;
        for (var i = extents.Length - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= extents[i];
        }
        foreach (var axis in perm)
        {
            if (extents[axis] == 1) continue;
            var last = plan.Rank - 1;
            if (last >= 0 && plan.From[last] == strides[axis] * extents[axis])
            {
                plan.Extent[last] *= extents[axis];
                plan.From[last] = strides[axis];
                continue;
            }
            plan.Extent[plan.Rank] = extents[axis];
            plan.From[plan.Rank++] = strides[axis];
        }
        stride = 1;
        for (var i = plan.Rank - 1; i >= 0; i--)
        {
            plan.To[i] = stride;
            stride *= plan.Extent[i];
        }
        return plan;
    }

    /// <summary>Takes an axis out of the plan, for a kernel that loops over it itself.</summary>
    public void Remove(int axis)
    {
        for (var i = axis; i < Rank - 1; i++)
        {
            Extent[i] = Extent[i + 1];
            From[i] = From[i + 1];
            To[i] = To[i + 1];
        }
        Rank--;
    }

    /// <summary>Product of the extents.</summary>
    public int Count()
    {
        var n = 1;
        for (var i = 0; i < Rank; i++) n *= Extent[i];
        return n;
    }

    /// <summary>Where position <paramref name="index"/> (row-major over the axes) lies in source and result.</summary>
    public void Locate(int index, out long from, out long to)
    {
        from = to = 0;
        for (var i = Rank - 1; i >= 0; i--)
        {
            var at = index % Extent[i];
            index /= Extent[i];
            from += at * From[i];
            to += at * To[i];
        }
    }
}

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
    private const int Tile = 8;

    private readonly E* _x = x;
    private readonly E* _y = y;
    private readonly PermutePlan _others = others;
    private readonly int _rows = rows;
    private readonly int _columns = columns;
    private readonly long _rowStride = rowStride;
    private readonly long _stride = stride;
    private readonly int _band = band;

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public void Run(int from, int to)
    {
        var bands = (_rows + _band - 1) / _band;
        for (var i = from; i < to; i++)
        {
            _others.Locate(i / bands, out var source, out var target);
            int r0 = i % bands * _band, r1 = Math.Min(_rows, r0 + _band);
            Band(_x + source, _y + target, r0, r1);
        }
    }

    private void Band(E* x, E* y, int r0, int r1)
    {
        var vectors = sizeof(E) == 4 && Vector256.IsHardwareAccelerated;
        for (var c = 0; c < _columns; c += Tile)
        {
            var c1 = Math.Min(_columns, c + Tile);
            var r = r0;
            if (vectors && c1 - c == Tile)
                for (; r <= r1 - Tile; r += Tile) Transpose8((float*)(x + c * _stride + r), _stride, (float*)(y + r * _rowStride + c), _rowStride);
            for (; r < r1; r++)
                for (var k = c; k < c1; k++) y[r * _rowStride + k] = x[k * _stride + r];
        }
    }

    // Eight rows of eight through registers: pairs, then quads, then halves.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Transpose8(float* x, long from, float* y, long to)
    {
        Vector256<float> a0 = Vector256.Load(x), a1 = Vector256.Load(x + from), a2 = Vector256.Load(x + 2 * from), a3 = Vector256.Load(x + 3 * from);
        Vector256<float> a4 = Vector256.Load(x + 4 * from), a5 = Vector256.Load(x + 5 * from), a6 = Vector256.Load(x + 6 * from), a7 = Vector256.Load(x + 7 * from);
        Vector256<float> b0 = Low(a0, a1), b1 = High(a0, a1), b2 = Low(a2, a3), b3 = High(a2, a3), b4 = Low(a4, a5), b5 = High(a4, a5), b6 = Low(a6, a7), b7 = High(a6, a7);
        Vector256<float> c0 = Low2(b0, b2), c1 = High2(b0, b2), c2 = Low2(b1, b3), c3 = High2(b1, b3), c4 = Low2(b4, b6), c5 = High2(b4, b6), c6 = Low2(b5, b7), c7 = High2(b5, b7);
        Vector256.Create(c0.GetLower(), c4.GetLower()).Store(y);
        Vector256.Create(c1.GetLower(), c5.GetLower()).Store(y + to);
        Vector256.Create(c2.GetLower(), c6.GetLower()).Store(y + 2 * to);
        Vector256.Create(c3.GetLower(), c7.GetLower()).Store(y + 3 * to);
        Vector256.Create(c0.GetUpper(), c4.GetUpper()).Store(y + 4 * to);
        Vector256.Create(c1.GetUpper(), c5.GetUpper()).Store(y + 5 * to);
        Vector256.Create(c2.GetUpper(), c6.GetUpper()).Store(y + 6 * to);
        Vector256.Create(c3.GetUpper(), c7.GetUpper()).Store(y + 7 * to);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Low(Vector256<float> a, Vector256<float> b) => System.Runtime.Intrinsics.X86.Avx.IsSupported
        ? System.Runtime.Intrinsics.X86.Avx.UnpackLow(a, b)
        : Vector256.Create(a[0], b[0], a[1], b[1], a[4], b[4], a[5], b[5]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> High(Vector256<float> a, Vector256<float> b) => System.Runtime.Intrinsics.X86.Avx.IsSupported
        ? System.Runtime.Intrinsics.X86.Avx.UnpackHigh(a, b)
        : Vector256.Create(a[2], b[2], a[3], b[3], a[6], b[6], a[7], b[7]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Low2(Vector256<float> a, Vector256<float> b) => System.Runtime.Intrinsics.X86.Avx.IsSupported
        ? System.Runtime.Intrinsics.X86.Avx.UnpackLow(a.AsDouble(), b.AsDouble()).AsSingle()
        : Vector256.Create(a[0], a[1], b[0], b[1], a[4], a[5], b[4], b[5]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> High2(Vector256<float> a, Vector256<float> b) => System.Runtime.Intrinsics.X86.Avx.IsSupported
        ? System.Runtime.Intrinsics.X86.Avx.UnpackHigh(a.AsDouble(), b.AsDouble()).AsSingle()
        : Vector256.Create(a[2], a[3], b[2], b[3], a[6], a[7], b[6], b[7]);
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
        long columns = (long)_channels * p * p;
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
