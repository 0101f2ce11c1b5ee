using System.Numerics;
using System.Runtime.Intrinsics;

namespace AmcEngine.Backends.Cpu;

/// <summary>
/// The micro-kernels of one SIMD path by size, for one element type; a path's table is made at its first use.
/// </summary>
internal sealed unsafe class GemmKernels<T> where T : unmanaged, IFloatingPoint<T>
{
    // With AVX-512 a panel of B streams from the second-level cache (1 MiB and more there) as fast as the kernel wants it: deep blocks
    // save updates of C. Elsewhere that cache is half as large, and a panel of B stays in the first (24 KiB of f32).
    private const int WideDepthBytes = 4096, NarrowDepth = 384;

    private static readonly GemmKernels<T>?[] Paths = new GemmKernels<T>?[(int)SimdPath.Widest + 1];

    // [rows − 1][width]: 0 narrow, 1 narrow edge, 2 wide, 3 wide edge.
    private readonly nint[] _table;

    private GemmKernels(int lanes, int rows, int depth, nint[] table)
    {
        Lanes = lanes;
        Rows = rows;
        Depth = depth;
        _table = table;
    }

    /// <summary>The kernels of the path that is taken now.</summary>
    public static GemmKernels<T> Current => Paths[(int)SimdPath.Current] ?? Make(SimdPath.Current);

    /// <summary>Elements of a vector.</summary>
    public int Lanes { get; }

    /// <summary>Most rows of a micro-kernel.</summary>
    public int Rows { get; }

    /// <summary>Most of k in a block, between two updates of C.</summary>
    public int Depth { get; }

    /// <summary>Most columns of a micro-kernel: two vectors.</summary>
    public int Columns => 2 * Lanes;

    /// <summary>The kernel for exactly <paramref name="rows"/> rows and <paramref name="columns"/> ≤ <see cref="Columns"/> columns.</summary>
    public delegate*<GemmTile<T>*, void> Get(int rows, int columns)
    {
        var width = columns > Lanes ? 2 : 0;
        if (columns % Lanes != 0) width++;
        return (delegate*<GemmTile<T>*, void>)_table[(rows - 1) * 4 + width];
    }

    // 14 × 2 accumulators, 2 vectors of B and 1 of A are 31 of AVX-512's 32 registers; 6 × 2 need 15 of the 16 of the others.
    private static GemmKernels<T> Make(SimdWidth path) => Paths[(int)path] = path switch
    {
        SimdWidth.Avx512 => new(Vector512<T>.Count, 14, WideDepthBytes / sizeof(T), GemmMicroKernels<T, Vector512<T>, Simd512<T>>.Table()),
        SimdWidth.Avx2 => new(Vector256<T>.Count, 6, NarrowDepth, GemmMicroKernels<T, Vector256<T>, Simd256<T>>.Table()),
        SimdWidth.Vector128 => new(Vector128<T>.Count, 6, NarrowDepth, GemmMicroKernels<T, Vector128<T>, Simd128<T>>.Table()),
        _ => new(1, 6, NarrowDepth, GemmMicroKernels<T, T, SimdScalar<T>>.Table()),
    };
}
