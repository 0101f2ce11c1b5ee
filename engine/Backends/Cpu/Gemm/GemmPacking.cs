using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AmcEngine.Backends.Cpu.Simd;

namespace AmcEngine.Backends.Cpu.Gemm;

// Copies of operands in the order in which the micro-kernel reads them: panels one behind the other, in a panel k by k.
// Cost: each element read and written once. Where the source is contiguous across panels, k is the outer loop over
// several panels, so that whole lines and pages of the source are read in order.

/// <summary>Packing of matrix operands.</summary>
internal static unsafe class GemmPacking<T> where T : unmanaged, IFloatingPoint<T>
{
    // So many panels are written at once: their lines and pages stay in the first level of cache and of address
    // translation.
    private const int Streams = 16;

    /// <summary>Rows of panels [p0, p1) and columns [k0, k0 + depth) of A; a panel is as wide as it has rows.</summary>
    public static void PackA(in GemmProblem<T> g, in RowPanels rows, int p0, int p1, int k0, int depth, T* to)
    {
        for (var p = p0; p < p1;)
        {
            var count = rows.Size(p);
            var end = g.RowA == 1 ? Math.Min(p1, p + Streams) : p + 1;
            if (p < rows.Larger) end = Math.Min(end, rows.Larger);
            var from = g.A + rows.Start(p) * g.RowA + k0 * g.ColA;
            if (g.RowA == 1)
                SimdDispatch.Run<T, PanelCopy<T>>(new PanelCopy<T>(from, g.ColA, depth, count, end - p, to), 0, depth);
            else Transposes.Run(from, g.RowA, count, g.ColA, depth, to, count);
            to += (nint)(end - p) * count * depth;
            p = end;
        }
    }

    /// <summary>
    /// Columns [j0, j1) and rows [k0, k0 + depth) of B in panels; the last is padded with zeros to a whole number of
    /// vectors.
    /// </summary>
    public static void PackB(in GemmProblem<T> g, GemmKernels<T> kernels, int k0, int depth, int j0, int j1, T* to)
    {
        for (var j = j0; j < j1;)
        {
            var columns = kernels.Cut(j1 - j, 1);
            var panels = 1;
            var padded = kernels.Padded(columns);
            var from = g.B + k0 * g.RowB + j * g.ColB;
            if (g.ColB == 1 && columns == padded)
            {
                while (panels < Streams && j + panels * columns < j1
                    && kernels.Cut(j1 - j - panels * columns, 1) == columns) panels++;
                SimdDispatch.Run<T, PanelCopy<T>>(new PanelCopy<T>(from, g.RowB, depth, columns, panels, to), 0, depth);
            }
            else
            {
                // At once: row by row it would cost more than the copy.
                if (columns < padded) new Span<T>(to, padded * depth).Clear();
                if (g.ColB == 1)
                    for (nint k = 0; k < depth; k++)
                        new Span<T>(from + k * g.RowB, columns).CopyTo(new Span<T>(to + k * padded, columns));
                else
                    Transposes.Run(from, g.ColB, columns, g.RowB, depth, to, padded);
            }
            j += panels * columns;
            to += (nint)panels * padded * depth;
        }
    }
}

/// <summary>
/// to[p·count·depth + k·count + j] = from[k·stride + p·count + j] for panels p, j &lt; count; the range counts k.
/// Vectors run over the end of a row where the next row of the panel, written later, puts it right; the last rows are
/// copied exactly.
/// </summary>
internal readonly unsafe struct PanelCopy<T>(T* from, nint stride, int depth, int count, int panels, T* to)
    : ISimdKernel<T> where T : unmanaged
{
    // So many k at a time: a panel's lines are written whole, before the next panel's, a power of two away, drive them
    // out.
    private const int Tile = 8;

    private readonly T* _from = from;
    private readonly T* _to = to;
    private readonly nint _stride = stride;
    private readonly int _depth = depth;
    private readonly int _count = count;
    private readonly int _panels = panels;

    public void Run<S, V>(int k0, int k1) where S : ISimd<V, T> where V : unmanaged
    {
        // Rows that are followed by at least a vector's worth of source and of target.
        var shortest = (int)Math.Max(1, Math.Min(_stride, _count));
        var free = Math.Clamp(_depth - 1 - (S.Count + shortest - 1) / shortest, k0, k1);
        // Whole vectors of a row where there are such: stores that overlap cost more than they save.
        var bytes = _count * sizeof(T);
        if (bytes == 16 && S.Count > 1)
            Fast<Simd128<T>, Vector128<T>>(_from, _stride, k0, free, _count, _panels, (nint)_count * _depth, _to);
        else if (bytes == 32 && S.Count > _count)
            Fast<Simd256<T>, Vector256<T>>(_from, _stride, k0, free, _count, _panels, (nint)_count * _depth, _to);
        else Fast<S, V>(_from, _stride, k0, free, _count, _panels, (nint)_count * _depth, _to);
        for (var k = free; k < k1; k++)
            for (var p = 0; p < _panels; p++)
                new Span<T>(_from + k * _stride + (nint)p * _count, _count).CopyTo(
                    new Span<T>(_to + (nint)p * _count * _depth + (nint)k * _count, _count));
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Fast<S, V>(T* from, nint stride, nint k0, nint k1, nint count, int panels, nint pitch, T* to)
        where S : ISimd<V, T> where V : unmanaged
    {
        var row = panels * count * sizeof(T);
        for (var start = k0; start < k1; start += Tile)
        {
            var end = Math.Min(k1, start + Tile);
            for (var k = end; k < end + Tile; k++)
                for (nint line = 0; line < row; line += 64) Prefetch.Nearest((byte*)(from + k * stride) + line);
            for (var p = 0; p < panels; p++)
            {
                var source = from + start * stride + p * count;
                var target = to + p * pitch + start * count;
                if (count <= S.Count)
                {
                    for (var k = start; k < end; k++, source += stride, target += count)
                        S.Store(S.Load(source), target);
                    continue;
                }
                // The width of B's panels, without the inner loop: a tenth quicker on AVX2.
                if (count == 3 * S.Count)
                {
                    for (var k = start; k < end; k++, source += stride, target += count)
                    {
                        S.Store(S.Load(source), target);
                        S.Store(S.Load(source + S.Count), target + S.Count);
                        S.Store(S.Load(source + 2 * S.Count), target + 2 * S.Count);
                    }
                    continue;
                }
                for (var k = start; k < end; k++, source += stride, target += count)
                    for (nint j = 0; j < count; j += S.Count) S.Store(S.Load(source + j), target + j);
            }
        }
    }
}
