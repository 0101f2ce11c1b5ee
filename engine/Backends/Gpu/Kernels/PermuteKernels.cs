using AmcEngine.Backends.Gpu.Host;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

// Permutations of elements of 4 or 8 bytes, or of quads of 4 bytes where the innermost axis keeps its place. Axes of
// extent 1 are gone and neighbours merged; axes are numbered outwards, those that are not there have extent 1. Nothing
// is computed but addresses; every byte is read once and written once. Where the innermost axis changes, the plain walk
// reads with a stride; the tiled kernel reads and writes neighbours in both tensors.

/// <summary>A lane takes an element of y, in y's order.</summary>
internal readonly struct PermuteKernel<E> : IDeviceKernel<PermuteKernel<E>.Args> where E : unmanaged
{
    /// <summary>Arguments: strides are those of x.</summary>
    public struct Args
    {
        public ArrayView<E> X;
        public ArrayView<E> Y;
        public uint Extent0;
        public uint Extent1;
        public uint Extent2;
        public uint Extent3;
        public uint Extent4;
        public uint Extent5;
        public int Stride0;
        public int Stride1;
        public int Stride2;
        public int Stride3;
        public int Stride4;
        public int Stride5;
        public int Axes;
        public int Count;
    }

    public static void Run(Args a)
    {
        for (var i = Grid.GlobalIndex.X; i < a.Count; i += Grid.DimX * Group.DimX)
        {
            var from = 0;
            var position = AxisWalk.Enter((uint)i, a.Extent0, a.Stride0, ref from);
            position = AxisWalk.Enter(position, a.Extent1, a.Stride1, ref from);
            if (a.Axes > 2) position = AxisWalk.Enter(position, a.Extent2, a.Stride2, ref from);
            if (a.Axes > 3)
            {
                position = AxisWalk.Enter(position, a.Extent3, a.Stride3, ref from);
                position = AxisWalk.Enter(position, a.Extent4, a.Stride4, ref from);
                AxisWalk.Enter(position, a.Extent5, a.Stride5, ref from);
            }
            a.Y[i] = a.X[from];
        }
    }
}

/// <summary>
/// Planes that are transposed: y's innermost axis (columns) strides through x by <c>ColumnStride</c>, and the axis that
/// is innermost in x (rows) strides through y by <c>RowStride</c>. A group carries tiles of 32 × 32 through shared
/// memory, whose rows are one element longer, so that its columns lie in different banks.
/// </summary>
internal readonly struct TransposeKernel<E> : IDeviceKernel<TransposeKernel<E>.Args> where E : unmanaged
{
    /// <summary>Lanes of a group: 32 × 8.</summary>
    public const int Lanes = Tile * Lines;

    /// <summary>Fewest rows and columns for which a tile is better than the plain walk.</summary>
    public const int WorthATile = 8;

    /// <summary>Side of a tile.</summary>
    public const int Tile = 32;

    private const int Lines = 8;
    private const int Pitch = Tile + 1;

    /// <summary>Arguments; the extents are those of the axes that are neither rows nor columns.</summary>
    public struct Args
    {
        public ArrayView<E> X;
        public ArrayView<E> Y;
        public int Rows;
        public int RowStride;
        public int Columns;
        public int ColumnStride;
        public uint Extent0;
        public uint Extent1;
        public uint Extent2;
        public uint Extent3;
        public int From0;
        public int From1;
        public int From2;
        public int From3;
        public int To0;
        public int To1;
        public int To2;
        public int To3;
    }

    public static void Run(Args a)
    {
        var tile = SharedMemory.Allocate<E>(Tile * Pitch);
        uint across = (uint)(a.Columns + Tile - 1) / Tile, down = (uint)(a.Rows + Tile - 1) / Tile;
        int x = Group.IdxX % Tile, y = Group.IdxX / Tile;
        var band = (uint)Grid.IdxX / across;
        var c0 = (int)((uint)Grid.IdxX - band * across) * Tile;
        var plane = band / down;
        var r0 = (int)(band - plane * down) * Tile;
        int from = 0, to = 0;
        plane = AxisWalk.Enter(plane, a.Extent0, a.From0, a.To0, ref from, ref to);
        plane = AxisWalk.Enter(plane, a.Extent1, a.From1, a.To1, ref from, ref to);
        plane = AxisWalk.Enter(plane, a.Extent2, a.From2, a.To2, ref from, ref to);
        AxisWalk.Enter(plane, a.Extent3, a.From3, a.To3, ref from, ref to);
        for (var line = y; line < Tile; line += Lines)
            if (r0 + x < a.Rows & c0 + line < a.Columns)
                tile[line * Pitch + x] = a.X[from + r0 + x + (c0 + line) * a.ColumnStride];
        Group.Barrier();
        for (var line = y; line < Tile; line += Lines)
            if (r0 + line < a.Rows & c0 + x < a.Columns)
                a.Y[to + (r0 + line) * a.RowStride + c0 + x] = tile[x * Pitch + line];
    }
}
