using System.Numerics;
using System.Runtime.Intrinsics;
using AmcEngine.Backends.Cpu.Simd;

namespace AmcEngine.Backends.Cpu.Gemm;

/// <summary>
/// The micro-kernels of one SIMD path by size, for one element type; a path's tables are made at its first use.
/// </summary>
internal sealed unsafe class GemmKernels<T> where T : unmanaged, IFloatingPoint<T>
{
    // With AVX-512 a panel of B streams from the second-level cache (1 MiB and more there) as fast as the kernel wants
    // it: deep blocks save updates of C. Elsewhere that cache is half as large or less, and a panel of B stays in the
    // first: 24 KiB of 32.
    private const int WideDepthBytes = 4096, NarrowDepth = 256;

    // Kernels of a size: those of GemmOperands, and one whose last vector is partly outside.
    private const int Kinds = 6, Edge = 1;

    private static readonly GemmKernels<T>?[] Paths = new GemmKernels<T>?[(int)SimdPath.Widest + 1];

    // By vectors of columns, [rows − 1][whole, edge, packed, apart, rows, streamed].
    private readonly nint[][] _tables;

    // The same: most rows.
    private readonly int[] _rows;

    private GemmKernels(int lanes, int[] rows, int depth, nint[][] tables)
    {
        Lanes = lanes;
        Depth = depth;
        Columns = rows.Length * lanes;
        _rows = rows;
        _tables = tables;
    }

    /// <summary>The kernels of the path that is taken now.</summary>
    public static GemmKernels<T> Current => Paths[(int)SimdPath.Current] ?? Make(SimdPath.Current);

    /// <summary>Elements of a vector.</summary>
    public int Lanes { get; }

    /// <summary>Most of k in a block, between two updates of C.</summary>
    public int Depth { get; }

    /// <summary>Whether vectors have 512 bits.</summary>
    public bool IsWide => Lanes * sizeof(T) == 64;

    /// <summary>Most columns of a micro-kernel.</summary>
    public int Columns { get; }

    /// <summary>Vectors that hold so many elements.</summary>
    public int Vectors(int elements) => (elements + Lanes - 1) / Lanes;

    /// <summary>So many elements, rounded up to whole vectors.</summary>
    public int Padded(int elements) => Vectors(elements) * Lanes;

    /// <summary>
    /// Columns of the first <paramref name="panels"/> panels of so many. Panels are as wide as can be, but where a
    /// single vector would be left for the last, which leaves units idle, the last but one is a vector narrower.
    /// </summary>
    public int Cut(int columns, int panels)
    {
        var vectors = panels * _rows.Length;
        return panels > 0 && Vectors(columns) == vectors + 1
            ? (vectors - 1) * Lanes
            : Math.Min(columns, vectors * Lanes);
    }

    /// <summary>Most rows of a micro-kernel for a product of so many columns.</summary>
    public int Rows(int columns) => _rows[Math.Max(1, Vectors(Cut(columns, 1))) - 1];

    /// <summary>
    /// The kernel for exactly <paramref name="rows"/> rows and <paramref name="columns"/> ≤ <see cref="Columns"/>
    /// columns.
    /// </summary>
    public delegate*<GemmTile<T>*, void> Get(int rows, int columns, GemmOperands operands)
    {
        var kind = columns % Lanes != 0 ? Edge : (int)operands;
        return (delegate*<GemmTile<T>*, void>)_tables[Vectors(columns) - 1][(rows - 1) * Kinds + kind];
    }

    // Accumulators, vectors of B and one of A, in registers: 14 × 2 take 31 of AVX-512's 32 and 8 × 3 take 28; 6 × 2
    // take 15 of the 16 of the others and 4 × 3 all. Three vectors load less for an operation than two, which are for
    // products that are no wider.
    private static GemmKernels<T> Make(SimdWidth path) => Paths[(int)path] = path switch
    {
        SimdWidth.Avx512 => Make<Vector512<T>, Simd512<T>>([14, 14, 8], WideDepthBytes / sizeof(T)),
        SimdWidth.Avx2 => Make<Vector256<T>, Simd256<T>>([6, 6, 4], NarrowDepth),
        SimdWidth.Vector128 => Make<Vector128<T>, Simd128<T>>([6, 6, 4], NarrowDepth),
        _ => Make<T, SimdScalar<T>>([6, 6, 4], NarrowDepth),
    };

    private static GemmKernels<T> Make<V, S>(int[] rows, int depth) where V : unmanaged where S : struct, ISimd<V, T> =>
        new(S.Count, rows, depth, [GemmMicroKernels<T, V, S>.Table1(), GemmMicroKernels<T, V, S>.Table2(),
            GemmMicroKernels<T, V, S>.Table3()]);
}
