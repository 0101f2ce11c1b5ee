using System.Numerics;
using AmcEngine.Backends.Cpu.Host;
using AmcEngine.Backends.Cpu.Simd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Backends.Plans;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu.Kernels;

// Movement of elements of 4 or 8 bytes (E = uint or ulong, whatever they mean). Layout: contiguous runs are block
// copies, two axes that swap go through 8×8 or 4×4 tiles in registers. No arithmetic; every byte is read once and
// written once.

/// <summary>Fill, copies, permutations and patches.</summary>
internal sealed class MovementKernels(CpuHost host) : CpuKernels(host), IMovementKernels
{
    /// <inheritdoc/>
    public unsafe void Run(in FillArgs args)
    {
        var (y, value) = args;
        switch (y.DType)
        {
            case DType.F64: Run(new FillKernel<double>(value, Ptr<double>(y)), y.Count, CheapTile); break;
            case DType.F32: Run(new FillKernel<float>((float)value, Ptr<float>(y)), y.Count, CheapTile); break;
            default: Run(new FillKernel<int>((int)value, Ptr<int>(y)), y.Count, CheapTile); break;
        }
    }

    /// <inheritdoc/>
    public unsafe void Run(in CopyArgs args)
    {
        var (x, y) = args;
        if (x.DType == y.DType)
        {
            long bytes = (long)y.Count * y.DType.Size(), block = CheapTile * sizeof(float), blocks = bytes / block;
            Run(new CopyRowsKernel(Ptr<byte>(x), block, Ptr<byte>(y), block, block), (int)blocks, 1);
            Buffer.MemoryCopy(Ptr<byte>(x) + blocks * block, Ptr<byte>(y) + blocks * block, bytes - blocks * block,
                bytes - blocks * block);
            return;
        }
        switch (x.DType)
        {
            case DType.F64: Convert<double>(x, y); break;
            case DType.F32: Convert<float>(x, y); break;
            default: Convert<int>(x, y); break;
        }
    }

    private unsafe void Convert<TFrom>(Tensor x, Tensor y) where TFrom : unmanaged, INumberBase<TFrom>
    {
        switch (y.DType)
        {
            case DType.F64:
                Run(new ConvertKernel<TFrom, double>(Ptr<TFrom>(x), Ptr<double>(y)), y.Count, CheapTile); break;
            case DType.F32:
                Run(new ConvertKernel<TFrom, float>(Ptr<TFrom>(x), Ptr<float>(y)), y.Count, CheapTile); break;
            default: Run(new ConvertKernel<TFrom, int>(Ptr<TFrom>(x), Ptr<int>(y)), y.Count, CheapTile); break;
        }
    }

    /// <inheritdoc/>
    public unsafe void Run(in PermuteArgs args)
    {
        Tensor x = args.X, y = args.Y;
        if (y.DType.Size() == 8) Permute(Ptr<ulong>(x), x.Shape, args.Perm, Ptr<ulong>(y));
        else Permute(Ptr<uint>(x), x.Shape, args.Perm, Ptr<uint>(y));
    }

    private unsafe void Permute<E>(E* x, Shape shape, ReadOnlySpan<int> perm, E* y) where E : unmanaged
    {
        if (shape.Count == 0) return;
        if (shape.Rank > PermutePlan.MaxRank)
            throw new ShapeException("permute", $"{shape} has more than {PermutePlan.MaxRank} axes");
        var plan = PermutePlan.Of(shape.Dims, perm);
        var last = plan.Rank - 1;
        if (last < 0 || plan.From[last] == 1)
        {
            var run = last < 0 ? 1 : plan.Extent[last];
            if (last >= 0) plan.Remove(last);
            Run(new PermuteRunsKernel<E>(x, y, plan, run), plan.Count(), RowTile(CheapTile, run));
            return;
        }
        // The last axis of y strides through x; the axis that runs along x strides through y: together a plane to
        // transpose.
        var row = 0;
        while (plan.From[row] != 1) row++;
        int rows = plan.Extent[row], columns = plan.Extent[last];
        long rowStride = plan.To[row], stride = plan.From[last];
        plan.Remove(last);
        plan.Remove(row);
        const int band = 64;
        var kernel = new TransposeKernel<E>(x, y, plan, rows, rowStride, columns, stride, band);
        Run(kernel, plan.Count() * ((rows + band - 1) / band),
            RowTile(CheapTile, (long)Math.Min(rows, band) * columns));
    }

    /// <inheritdoc/>
    public unsafe void Run(in CopyRowsArgs args)
    {
        var (x, fromLength, fromStart, y, toLength, toStart, outer, count, inner) = args;
        long row = (long)inner * y.DType.Size(), run = count * row;
        if (run == 0) return;
        var kernel = new CopyRowsKernel(
            Ptr<byte>(x) + fromStart * row, fromLength * row, Ptr<byte>(y) + toStart * row, toLength * row, run);
        Run(kernel, outer, RowTile(CheapTile, run / sizeof(float)));
    }

    /// <inheritdoc/>
    public void Run(in ImageToPatchesArgs args) => Patches(args.Image, args.Patch, args.Patches, true);

    /// <inheritdoc/>
    public void Run(in PatchesToImageArgs args) => Patches(args.Image, args.Patch, args.Patches, false);

    private unsafe void Patches(Tensor image, int patch, Tensor patches, bool toPatches)
    {
        if (image.Count == 0) return;
        int channels = image.Shape[1], height = image.Shape[2], width = image.Shape[3],
            bands = image.Shape[0] * (height / patch);
        var tile = RowTile(CheapTile, (long)channels * patch * width);
        if (image.DType.Size() == 8)
            Run(new PatchesKernel<ulong>(
                Ptr<ulong>(image), Ptr<ulong>(patches), channels, height, width, patch, toPatches), bands, tile);
        else
            Run(new PatchesKernel<uint>(
                Ptr<uint>(image), Ptr<uint>(patches), channels, height, width, patch, toPatches), bands, tile);
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
internal readonly unsafe struct TransposeKernel<E>(E* x, E* y, PermutePlan others, int rows, long rowStride,
    int columns, long stride, int band) : IRange where E : unmanaged
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
            Transposes.Run(
                _x + source + r0, (nint)_stride, _columns, 1, r1 - r0, _y + target + r0 * _rowStride, (nint)_rowStride);
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
internal readonly unsafe struct PatchesKernel<E>(
    E* image, E* patches, int channels, int height, int width, int patch, bool toPatches) : IRange where E : unmanaged
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

/// <summary>y = value.</summary>
internal readonly unsafe struct FillKernel<T>(T value, T* y) : IRange where T : unmanaged
{
    private readonly T _value = value;
    private readonly T* _y = y;

    public void Run(int from, int to) => new Span<T>(_y + from, to - from).Fill(_value);
}

/// <summary>y = x in another element type; integers saturate.</summary>
internal readonly unsafe struct ConvertKernel<TFrom, TTo>(TFrom* x, TTo* y) : IRange
    where TFrom : unmanaged, INumberBase<TFrom> where TTo : unmanaged, INumberBase<TTo>
{
    private readonly TFrom* _x = x;
    private readonly TTo* _y = y;

    public void Run(int from, int to)
    {
        var x = _x;
        var y = _y;
        for (var i = from; i < to; i++) y[i] = TTo.CreateSaturating(x[i]);
    }
}
