using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AmcEngine.Backends.Cpu.Simd;

// Transposes of elements of 4 or 8 bytes, for packing and for permutations. Cost: each element read and written once,
// in 8×8 (4 bytes) or 4×4 (8 bytes) blocks through registers.

/// <summary>Transposes of matrices with rows at any pitch.</summary>
internal static unsafe class Transposes
{
    /// <summary>
    /// to[c·width + r] = from[r·stride + c·step] for r &lt; rows, c &lt; columns; fast where step is 1.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Run<T>(T* from, nint stride, nint rows, nint step, nint columns, T* to, nint width)
        where T : unmanaged
    {
        var path = SimdPath.Current;
        var wide = Avx.IsSupported && path >= SimdWidth.Avx2;
        nint block = sizeof(T) == 4 && wide && rows >= 8 ? 8 : 4;
        // 128-bit vectors hold a block of four 4-byte elements a row, and none of 8-byte ones.
        if (step == 1 && (wide || (Sse.IsSupported && sizeof(T) == 4 && path == SimdWidth.Vector128)) && rows >= block
            && columns >= block)
        {
            // The last block of rows and of columns is moved back to end with the matrix; what overlaps is written
            // twice.
            for (nint r = 0; r < rows; r += block)
            {
                r = Math.Min(r, rows - block);
                for (nint c = 0; c < columns; c += block)
                {
                    // The rows below, a line each, will be the next.
                    if (c % (64 / sizeof(T)) == 0)
                        for (var below = r + block; below < r + 2 * block; below++)
                            Prefetch.Nearest(from + below * stride + c);
                    c = Math.Min(c, columns - block);
                    var source = from + r * stride + c;
                    var target = to + c * width + r;
                    if (sizeof(T) == 8) Block4((double*)source, stride, (double*)target, width);
                    else if (block == 8) Block8((float*)source, stride, (float*)target, width);
                    else Block4((float*)source, stride, (float*)target, width);
                }
            }
            return;
        }
        for (nint r = 0; r < rows; r++)
            for (nint c = 0; c < columns; c++) to[c * width + r] = from[r * stride + c * step];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Block8(float* s, nint stride, float* t, nint width)
    {
        var s4 = s + 4 * stride;
        var a0 = Vector256.Load(s);
        var a1 = Vector256.Load(s + stride);
        var a2 = Vector256.Load(s + 2 * stride);
        var a3 = Vector256.Load(s + 3 * stride);
        var a4 = Vector256.Load(s4);
        var a5 = Vector256.Load(s4 + stride);
        var a6 = Vector256.Load(s4 + 2 * stride);
        var a7 = Vector256.Load(s4 + 3 * stride);
        var b0 = Avx.UnpackLow(a0, a1).AsDouble();
        var b1 = Avx.UnpackHigh(a0, a1).AsDouble();
        var b2 = Avx.UnpackLow(a2, a3).AsDouble();
        var b3 = Avx.UnpackHigh(a2, a3).AsDouble();
        var b4 = Avx.UnpackLow(a4, a5).AsDouble();
        var b5 = Avx.UnpackHigh(a4, a5).AsDouble();
        var b6 = Avx.UnpackLow(a6, a7).AsDouble();
        var b7 = Avx.UnpackHigh(a6, a7).AsDouble();
        a0 = Avx.UnpackLow(b0, b2).AsSingle();
        a1 = Avx.UnpackHigh(b0, b2).AsSingle();
        a2 = Avx.UnpackLow(b1, b3).AsSingle();
        a3 = Avx.UnpackHigh(b1, b3).AsSingle();
        a4 = Avx.UnpackLow(b4, b6).AsSingle();
        a5 = Avx.UnpackHigh(b4, b6).AsSingle();
        a6 = Avx.UnpackLow(b5, b7).AsSingle();
        a7 = Avx.UnpackHigh(b5, b7).AsSingle();
        Avx.Permute2x128(a0, a4, 0x20).Store(t);
        Avx.Permute2x128(a1, a5, 0x20).Store(t + width);
        Avx.Permute2x128(a2, a6, 0x20).Store(t + 2 * width);
        Avx.Permute2x128(a3, a7, 0x20).Store(t + 3 * width);
        t += 4 * width;
        Avx.Permute2x128(a0, a4, 0x31).Store(t);
        Avx.Permute2x128(a1, a5, 0x31).Store(t + width);
        Avx.Permute2x128(a2, a6, 0x31).Store(t + 2 * width);
        Avx.Permute2x128(a3, a7, 0x31).Store(t + 3 * width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Block4(double* s, nint stride, double* t, nint width)
    {
        var a0 = Vector256.Load(s);
        var a1 = Vector256.Load(s + stride);
        var a2 = Vector256.Load(s + 2 * stride);
        var a3 = Vector256.Load(s + 3 * stride);
        var b0 = Avx.UnpackLow(a0, a1);
        var b1 = Avx.UnpackHigh(a0, a1);
        var b2 = Avx.UnpackLow(a2, a3);
        var b3 = Avx.UnpackHigh(a2, a3);
        Avx.Permute2x128(b0, b2, 0x20).Store(t);
        Avx.Permute2x128(b1, b3, 0x20).Store(t + width);
        Avx.Permute2x128(b0, b2, 0x31).Store(t + 2 * width);
        Avx.Permute2x128(b1, b3, 0x31).Store(t + 3 * width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Block4(float* s, nint stride, float* t, nint width)
    {
        var a0 = Vector128.Load(s);
        var a1 = Vector128.Load(s + stride);
        var a2 = Vector128.Load(s + 2 * stride);
        var a3 = Vector128.Load(s + 3 * stride);
        var b0 = Sse.UnpackLow(a0, a1);
        var b1 = Sse.UnpackHigh(a0, a1);
        var b2 = Sse.UnpackLow(a2, a3);
        var b3 = Sse.UnpackHigh(a2, a3);
        Sse.MoveLowToHigh(b0, b2).Store(t);
        Sse.MoveHighToLow(b2, b0).Store(t + width);
        Sse.MoveLowToHigh(b1, b3).Store(t + 2 * width);
        Sse.MoveHighToLow(b3, b1).Store(t + 3 * width);
    }
}
