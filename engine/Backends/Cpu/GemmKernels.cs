using System.Numerics;
using System.Runtime.Intrinsics;

namespace AmcEngine.Backends.Cpu;

/// <summary>
/// The micro-kernels of this machine by size, for one element type. Chosen once: the widest vectors that the JIT
/// accelerates.
/// </summary>
internal static unsafe class GemmKernels<T> where T : unmanaged, IFloatingPoint<T>
{
    /// <summary>Elements of a vector.</summary>
    public static readonly int Lanes;

    /// <summary>Most rows of a micro-kernel.</summary>
    public static readonly int Rows;

    /// <summary>Most columns of a micro-kernel: two vectors.</summary>
    public static readonly int Columns;

    // [rows − 1][width]: 0 narrow, 1 narrow edge, 2 wide, 3 wide edge.
    private static readonly nint[] Table;

    static GemmKernels()
    {
        if (Vector512.IsHardwareAccelerated)
        {
            (Lanes, Rows, Table) = (Vector512<T>.Count, 14, Fill<Vector512<T>, Simd512<T>>());
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            (Lanes, Rows, Table) = (Vector256<T>.Count, 6, Fill<Vector256<T>, Simd256<T>>());
        }
        else
        {
            (Lanes, Rows, Table) = (Vector128<T>.Count, 6, Fill<Vector128<T>, Simd128<T>>());
        }
        Columns = 2 * Lanes;
    }

    /// <summary>The kernel for exactly <paramref name="rows"/> rows and <paramref name="columns"/> ≤ <see cref="Columns"/> columns.</summary>
    public static delegate*<GemmTile<T>*, void> Get(int rows, int columns)
    {
        var width = columns > Lanes ? 2 : 0;
        if (columns % Lanes != 0) width++;
        return (delegate*<GemmTile<T>*, void>)Table[(rows - 1) * 4 + width];
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
