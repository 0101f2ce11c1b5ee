using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

// How attention kernels cut a head: a block of rows stays, columns go by in steps, and each lane has 4 x 4 scores in
// registers. Two tilings give every kernel two variants from one source.
// GroupTiling: a group has 64 x 64 scores (f64: 32 x 32), operands pass through shared memory in chunks of 16; for
// GPUs.
// LaneTiling: a lane has a block of 4 x 4 for itself and reads where things lie, without barriers; for OpenCL on a CPU,
//   which keeps registers in memory across barriers, and for the emulation, where a barrier takes milliseconds.
// Loops with barriers are do-while loops, which all run at least once: a barrier behind a condition makes PoCL copy the
//   rest of the kernel, and a few of them make its compile endless.
// Products are accumulated over ascending d, or over ascending columns, by fused multiply-add; partial results of lanes
// are added in the order of the lanes. So results depend on the tiling, but not on timing.

/// <summary>Shared memory of a group.</summary>
internal struct TilingScratch<T> where T : unmanaged
{
    public ArrayView<Quad<T>> A;
    public ArrayView<Quad<T>> B;
    public ArrayView<Quad<T>> Weights;
    public ArrayView<Quad<T>> Partial;
}

/// <summary>A tiling of attention.</summary>
internal interface ITiling
{
    /// <summary>Rows of a block, columns of a step, and columns of output a pass.</summary>
    static abstract int Extent { get; }

    /// <summary>Whether lanes work on their own, and keep no output in registers.</summary>
    static abstract bool Alone { get; }

    /// <summary>Number of this lane's block.</summary>
    static abstract int Block { get; }

    /// <summary>First of this lane's four rows, in the block.</summary>
    static abstract int Row { get; }

    /// <summary>First of this lane's four columns, in the step.</summary>
    static abstract int Column { get; }

    /// <summary>Shared memory; once a kernel.</summary>
    static abstract TilingScratch<T> Allocate<T>() where T : unmanaged;

    /// <summary>c[row][column] + Σ_d a[row0 + row, d]·b[column0 + column, d].</summary>
    static abstract Tile4<T> AddScores<T, R, TVector>(
        TilingScratch<T> scratch, HeadRows<T> a, int row0, HeadRows<T> b, int column0, Tile4<T> c)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TVector : struct, IFlag;

    /// <summary>c[row][n] + Σ_column w[row][column]·b[column0 + column, n0 + n].</summary>
    static abstract Tile4<T> AddMix<T, R, TVector>(
        TilingScratch<T> scratch, Tile4<T> w, HeadRows<T> b, int column0, int n0, Tile4<T> c)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TVector : struct, IFlag;

    /// <summary>The largest over a row's lanes.</summary>
    static abstract Quad<T> MaxOfLanes<T, R>(TilingScratch<T> scratch, Quad<T> x)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>;

    /// <summary>The sum over a row's lanes.</summary>
    static abstract Quad<T> SumOfLanes<T, R>(TilingScratch<T> scratch, Quad<T> x)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>;
}

/// <summary>A block of 4 x 4 a lane.</summary>
internal readonly struct LaneTiling : ITiling
{
    public static int Extent => 4;

    public static bool Alone => true;

    public static int Block => Grid.IdxX * Group.DimX + Group.IdxX;

    public static int Row => 0;

    public static int Column => 0;

    public static TilingScratch<T> Allocate<T>() where T : unmanaged => default;

    public static Tile4<T> AddScores<T, R, TVector>(
        TilingScratch<T> scratch, HeadRows<T> a, int row0, HeadRows<T> b, int column0, Tile4<T> c)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TVector : struct, IFlag
    {
        for (var d = 0; d < a.Width; d += 4)
            c = Tiles<T, R>.AddDots(
                c, HeadRows<T, R, TVector>.LoadTile(a, row0, d), HeadRows<T, R, TVector>.LoadTile(b, column0, d));
        return c;
    }

    public static Tile4<T> AddMix<T, R, TVector>(
        TilingScratch<T> scratch, Tile4<T> w, HeadRows<T> b, int column0, int n0, Tile4<T> c)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TVector : struct, IFlag
    {
        var columns = HeadRows<T, R, TVector>.LoadTile(b, column0, n0);
        var weights = Tiles<T, R>.Transpose(w);
        c = Tiles<T, R>.AddOuter(c, weights.R0, columns.R0);
        c = Tiles<T, R>.AddOuter(c, weights.R1, columns.R1);
        c = Tiles<T, R>.AddOuter(c, weights.R2, columns.R2);
        return Tiles<T, R>.AddOuter(c, weights.R3, columns.R3);
    }

    public static Quad<T> MaxOfLanes<T, R>(TilingScratch<T> scratch, Quad<T> x)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => x;

    public static Quad<T> SumOfLanes<T, R>(TilingScratch<T> scratch, Quad<T> x)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => x;
}

/// <summary>Lanes along an edge of a group's block.</summary>
internal interface IEdge
{
    static abstract int Lanes { get; }
}

/// <summary>64 x 64 scores, 256 lanes; 32 KB of shared memory in f32.</summary>
internal readonly struct Edge16 : IEdge
{
    public static int Lanes => 16;
}

/// <summary>32 x 32 scores, 64 lanes; 22 KB of shared memory in f64.</summary>
internal readonly struct Edge8 : IEdge
{
    public static int Lanes => 8;
}

/// <summary>A square block a group, 4 x 4 of it a lane.</summary>
internal readonly struct GroupTiling<TEdge> : ITiling where TEdge : struct, IEdge
{
    // Elements of a chunk in fours, and fours from row to row: odd, against bank conflicts.
    private const int ChunkFours = 4;
    private const int ChunkStride = 5;

    public static int Extent => 4 * TEdge.Lanes;

    public static bool Alone => false;

    public static int Block => Grid.IdxX;

    public static int Row => Group.IdxX / TEdge.Lanes * 4;

    public static int Column => Group.IdxX % TEdge.Lanes * 4;

    public static TilingScratch<T> Allocate<T>() where T : unmanaged
    {
        TilingScratch<T> scratch;
        scratch.A = SharedMemory.Allocate<Quad<T>>(4 * TEdge.Lanes * ChunkStride);
        scratch.B = SharedMemory.Allocate<Quad<T>>(4 * TEdge.Lanes * ChunkStride);
        scratch.Weights = SharedMemory.Allocate<Quad<T>>(4 * TEdge.Lanes * (TEdge.Lanes + 1));
        scratch.Partial = SharedMemory.Allocate<Quad<T>>(TEdge.Lanes * TEdge.Lanes);
        return scratch;
    }

    // Where four elements of a row lie in a chunk: eight lanes that read every fourth row touch eight different banks
    // of fours.
    private static int At(int row, int four) => row * ChunkStride + (four ^ ((row >> 3) & 3));

    private static void LoadChunk<T, R, TVector>(ArrayView<Quad<T>> to, HeadRows<T> rows, int row0, int d0)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TVector : struct, IFlag
    {
        for (var v = Group.IdxX; v < Extent * ChunkFours; v += TEdge.Lanes * TEdge.Lanes)
        {
            int row = v / ChunkFours, four = v % ChunkFours;
            to[At(row, four)] = HeadRows<T, R, TVector>.Load(rows, row0 + row, d0 + 4 * four);
        }
    }

    // Four rows from a multiple of four on: they lie a constant apart, which costs no instruction.
    private static Tile4<T> ReadChunk<T, R>(ArrayView<Quad<T>> from, int row, int four)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var rows = from.SubView(At(row, four), 3 * ChunkStride + 1);
        return Tiles<T, R>.Make(rows[0], rows[ChunkStride], rows[2 * ChunkStride], rows[3 * ChunkStride]);
    }

    public static Tile4<T> AddScores<T, R, TVector>(
        TilingScratch<T> scratch, HeadRows<T> a, int row0, HeadRows<T> b, int column0, Tile4<T> c)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TVector : struct, IFlag
    {
        var d0 = 0;
        do
        {
            Group.Barrier();
            LoadChunk<T, R, TVector>(scratch.A, a, row0, d0);
            LoadChunk<T, R, TVector>(scratch.B, b, column0, d0);
            Group.Barrier();
            for (var four = 0; four < ChunkFours; four++)
                c = Tiles<T, R>.AddDots(
                    c, ReadChunk<T, R>(scratch.A, Row, four), ReadChunk<T, R>(scratch.B, Column, four));
            d0 += 4 * ChunkFours;
        }
        while (d0 < a.Width);
        return c;
    }

    public static Tile4<T> AddMix<T, R, TVector>(
        TilingScratch<T> scratch, Tile4<T> w, HeadRows<T> b, int column0, int n0, Tile4<T> c)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TVector : struct, IFlag
    {
        const int rows = 4 * ChunkFours;
        int row = Group.IdxX / TEdge.Lanes, n = Group.IdxX % TEdge.Lanes;
        var weights = Tiles<T, R>.Transpose(w);
        Group.Barrier();
        scratch.Weights[(4 * n) * (TEdge.Lanes + 1) + row] = weights.R0;
        scratch.Weights[(4 * n + 1) * (TEdge.Lanes + 1) + row] = weights.R1;
        scratch.Weights[(4 * n + 2) * (TEdge.Lanes + 1) + row] = weights.R2;
        scratch.Weights[(4 * n + 3) * (TEdge.Lanes + 1) + row] = weights.R3;
        var k0 = 0;
        do
        {
            Group.Barrier();
            for (var v = Group.IdxX; v < rows * TEdge.Lanes; v += TEdge.Lanes * TEdge.Lanes)
                scratch.B[v] = HeadRows<T, R, TVector>.Load(
                    b, column0 + k0 + v / TEdge.Lanes, n0 + v % TEdge.Lanes * 4);
            Group.Barrier();
            for (var k = 0; k < rows; k += 4)
            {
                var ws = scratch.Weights.SubView((k0 + k) * (TEdge.Lanes + 1) + row, 3 * (TEdge.Lanes + 1) + 1);
                var bs = scratch.B.SubView(k * TEdge.Lanes + n, 3 * TEdge.Lanes + 1);
                c = Tiles<T, R>.AddOuter(c, ws[0], bs[0]);
                c = Tiles<T, R>.AddOuter(c, ws[TEdge.Lanes + 1], bs[TEdge.Lanes]);
                c = Tiles<T, R>.AddOuter(c, ws[2 * (TEdge.Lanes + 1)], bs[2 * TEdge.Lanes]);
                c = Tiles<T, R>.AddOuter(c, ws[3 * (TEdge.Lanes + 1)], bs[3 * TEdge.Lanes]);
            }
            k0 += rows;
        }
        while (k0 < Extent & column0 + k0 < b.Count);
        return c;
    }

    public static Quad<T> MaxOfLanes<T, R>(TilingScratch<T> scratch, Quad<T> x)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        Share(scratch, x);
        var first = Group.IdxX / TEdge.Lanes * TEdge.Lanes;
        var y = scratch.Partial[first];
        for (var i = 1; i < TEdge.Lanes; i++) y = Tiles<T, R>.Max(y, scratch.Partial[first + i]);
        return y;
    }

    public static Quad<T> SumOfLanes<T, R>(TilingScratch<T> scratch, Quad<T> x)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        Share(scratch, x);
        var first = Group.IdxX / TEdge.Lanes * TEdge.Lanes;
        var y = scratch.Partial[first];
        for (var i = 1; i < TEdge.Lanes; i++) y = Tiles<T, R>.Add(y, scratch.Partial[first + i]);
        return y;
    }

    private static void Share<T>(TilingScratch<T> scratch, Quad<T> x) where T : unmanaged
    {
        Group.Barrier();
        scratch.Partial[Group.IdxX] = x;
        Group.Barrier();
    }
}
