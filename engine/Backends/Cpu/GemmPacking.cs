using System.Runtime.Intrinsics;

namespace AmcEngine.Backends.Cpu;

// Copies of operands in the order in which the micro-kernel reads them: row k of a panel is contiguous.
// Cost: each element read and written once.

/// <summary>Packing of matrix operands.</summary>
internal static unsafe class GemmPacking
{
    /// <summary>
    /// to[k·width + j] = from[k·stride0 + j·stride1] for k &lt; depth, j &lt; count; zero for count ≤ j &lt; width.
    /// One of the strides is 1.
    /// </summary>
    public static void Pack<T>(T* from, nint stride0, nint stride1, nint depth, nint count, T* to, nint width) where T : unmanaged
    {
        if (stride1 == 1) CopyRows(from, stride0, depth, count, to, width);
        else Transposes.Run(from, stride1, count, stride0, depth, to, width);
        if (count < width)
            for (nint k = 0; k < depth; k++)
                new Span<T>(to + k * width + count, (int)(width - count)).Clear();
    }

    private static void CopyRows<T>(T* from, nint stride, nint rows, nint count, T* to, nint width) where T : unmanaged
    {
        var path = SimdPath.Current;
        for (nint k = 0; k < rows; k++, from += stride, to += width)
        {
            nint j = 0;
            // By width and not through ISimd: a short row takes the widest vector that fits it, not that of the path.
            // The last vector is moved back to end with the row; what overlaps is written twice.
            if (Vector512.IsHardwareAccelerated && path >= SimdWidth.Avx512 && count >= Vector512<T>.Count)
                for (; j < count; j += Vector512<T>.Count) Vector512.Load(from + Math.Min(j, count - Vector512<T>.Count)).Store(to + Math.Min(j, count - Vector512<T>.Count));
            else if (Vector256.IsHardwareAccelerated && path >= SimdWidth.Avx2 && count >= Vector256<T>.Count)
                for (; j < count; j += Vector256<T>.Count) Vector256.Load(from + Math.Min(j, count - Vector256<T>.Count)).Store(to + Math.Min(j, count - Vector256<T>.Count));
            else if (Vector128.IsHardwareAccelerated && path >= SimdWidth.Vector128 && count >= Vector128<T>.Count)
                for (; j < count; j += Vector128<T>.Count) Vector128.Load(from + Math.Min(j, count - Vector128<T>.Count)).Store(to + Math.Min(j, count - Vector128<T>.Count));
            for (; j < count; j++) to[j] = from[j];
        }
    }
}
