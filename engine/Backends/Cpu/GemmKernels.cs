using System.Numerics;
using System.Runtime.Intrinsics;

namespace AmcEngine.Backends.Cpu;

/// <summary>
/// The micro-kernels of the current path by size, for one element type; a path's table is made at its first use.
/// </summary>
internal sealed unsafe class GemmKernels<T> where T : unmanaged, IFloatingPoint<T>
{
    /// <summary>Elements of a vector.</summary>
    public static int Lanes => Current._lanes;

    /// <summary>Most rows of a micro-kernel.</summary>
    public static int Rows => Current._rows;

    /// <summary>Most columns of a micro-kernel: two vectors.</summary>
    public static int Columns => 2 * Current._lanes;

    private static readonly GemmKernels<T>?[] Paths = new GemmKernels<T>?[(int)SimdPath.Widest + 1];

    private readonly int _lanes;
    private readonly int _rows;

    // [rows − 1][width]: 0 narrow, 1 narrow edge, 2 wide, 3 wide edge.
    private readonly nint[] _table;

    private GemmKernels(int lanes, int rows, nint[] table)
    {
        _lanes = lanes;
        _rows = rows;
        _table = table;
    }

    private static GemmKernels<T> Current => Paths[(int)SimdPath.Current] ?? Make(SimdPath.Current);

    private static GemmKernels<T> Make(SimdWidth path) => Paths[(int)path] = path switch
    {
        SimdWidth.Avx512 => new(Vector512<T>.Count, 14, Fill<Vector512<T>, Simd512<T>>()),
        SimdWidth.Avx2 => new(Vector256<T>.Count, 6, Fill<Vector256<T>, Simd256<T>>()),
        SimdWidth.Vector128 => new(Vector128<T>.Count, 6, Fill<Vector128<T>, Simd128<T>>()),
        _ => new(1, 6, Fill<T, SimdScalar<T>>()),
    };

    /// <summary>The kernel for exactly <paramref name="rows"/> rows and <paramref name="columns"/> ≤ <see cref="Columns"/> columns.</summary>
    public static delegate*<GemmTile<T>*, void> Get(int rows, int columns)
    {
        var kernels = Current;
        var width = columns > kernels._lanes ? 2 : 0;
        if (columns % kernels._lanes != 0) width++;
        return (delegate*<GemmTile<T>*, void>)kernels._table[(rows - 1) * 4 + width];
    }

    private static nint[] Fill<V, S>() where V : unmanaged where S : struct, ISimd<V, T> =>
    [
        .. Row<V, S, GemmRows1>(),
        .. Row<V, S, GemmRows2>(),
        .. Row<V, S, GemmRows3>(),
        .. Row<V, S, GemmRows4>(),
        .. Row<V, S, GemmRows5>(),
        .. Row<V, S, GemmRows6>(),
        .. Row<V, S, GemmRows7>(),
        .. Row<V, S, GemmRows8>(),
        .. Row<V, S, GemmRows9>(),
        .. Row<V, S, GemmRows10>(),
        .. Row<V, S, GemmRows11>(),
        .. Row<V, S, GemmRows12>(),
        .. Row<V, S, GemmRows13>(),
        .. Row<V, S, GemmRows14>(),
    ];

    // The addresses of the methods; each is compiled on its first call.
    private static nint[] Row<V, S, R>() where V : unmanaged where S : struct, ISimd<V, T> where R : struct, IGemmRows =>
    [
        (nint)(delegate*<GemmTile<T>*, void>)&GemmKernel<T, V, S, R, GemmNarrow>.Run,
        (nint)(delegate*<GemmTile<T>*, void>)&GemmKernel<T, V, S, R, GemmNarrowEdge>.Run,
        (nint)(delegate*<GemmTile<T>*, void>)&GemmKernel<T, V, S, R, GemmWide>.Run,
        (nint)(delegate*<GemmTile<T>*, void>)&GemmKernel<T, V, S, R, GemmWideEdge>.Run,
    ];
}
