using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using AmcEngine.Memory;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu;

/// <summary>
/// Work on a range of rows or elements, compiled once for each register width. What is computed for an index must not
/// depend on how the range is cut, so that results are the same on any number of threads.
/// </summary>
internal interface IKernel<T> where T : unmanaged
{
    /// <summary>Computes [from, to).</summary>
    void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged;
}

/// <summary>A kernel without vectors: movement and indexing.</summary>
internal interface IRange
{
    /// <summary>Computes [from, to).</summary>
    void Run(int from, int to);
}

public sealed partial class CpuBackend
{
    /// <summary>Elements a tile of a cheap kernel: 128 KB of f32, so that a tile stays in L2 and joining costs little.</summary>
    private const int CheapTile = 32 * 1024;

    /// <summary>Elements a tile where an element costs a transcendental function.</summary>
    private const int DearTile = 4 * 1024;

    /// <summary>Runs a kernel over [0, count) in tiles; up to two tiles of work stays on the calling thread.</summary>
    private void Run<T, K>(in K kernel, int count, int tile) where T : unmanaged where K : struct, IKernel<T>
    {
        if (count <= 0) return;
        if (_workers.Threads == 1 || count <= 2 * (long)tile)
        {
            Simd.Run<T, K>(kernel, 0, count);
            return;
        }
        RunTiles<T, K>(kernel, count, tile);
    }

    // Apart from Run, whose fast path would otherwise allocate the closure too.
    private void RunTiles<T, K>(K kernel, int count, int tile) where T : unmanaged where K : struct, IKernel<T> =>
        _workers.Run((int)(((long)count + tile - 1) / tile), i => Simd.Run<T, K>(kernel, i * tile, (int)Math.Min(count, ((long)i + 1) * tile)));

    /// <summary>Runs a kernel over [0, count) in tiles.</summary>
    private void Run<K>(in K kernel, int count, int tile) where K : struct, IRange
    {
        if (count <= 0) return;
        if (_workers.Threads == 1 || count <= 2 * (long)tile) kernel.Run(0, count);
        else RunTiles(kernel, count, tile);
    }

    private void RunTiles<K>(K kernel, int count, int tile) where K : struct, IRange =>
        _workers.Run((int)(((long)count + tile - 1) / tile), i => kernel.Run(i * tile, (int)Math.Min(count, ((long)i + 1) * tile)));

    /// <summary>Rows a tile so that a tile has about <paramref name="elements"/> elements.</summary>
    private static int RowTile(int elements, long rowLength) => (int)Math.Clamp(elements / Math.Max(1, rowLength), 1, elements);

    /// <summary>Scratch memory from the pool.</summary>
    private Scratch Borrow(long bytes) => new(_pool, bytes);

    /// <summary>A block that goes back to the pool at the end of its scope.</summary>
    private readonly ref struct Scratch(CachingPool pool, long bytes)
    {
        private readonly Storage _storage = pool.Allocate(bytes);

        public nint Pointer => _storage.Pointer;

        public void Dispose() => pool.Free(_storage);
    }

    private static T Cast<T>(double value) where T : unmanaged, INumberBase<T> => T.CreateTruncating(value);
}

/// <summary>Chooses the register width.</summary>
internal static class Simd
{
    /// <summary>Before other threads read what was written past the caches: such writes may come late.</summary>
    public static void StoreFence()
    {
        if (Sse.IsSupported) Sse.StoreFence();
    }

    /// <summary>Runs a kernel at the widest vectors that the hardware has.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run<T, K>(in K kernel, int from, int to) where T : unmanaged where K : struct, IKernel<T>
    {
        var path = SimdPath.Current;
        // The conditions of the hardware are constants of the JIT: paths that a machine lacks are not compiled.
        if (Vector512.IsHardwareAccelerated && path == SimdWidth.Avx512) kernel.Run<Simd512<T>, Vector512<T>>(from, to);
        else if (Vector256.IsHardwareAccelerated && path == SimdWidth.Avx2) kernel.Run<Simd256<T>, Vector256<T>>(from, to);
        else if (Vector128.IsHardwareAccelerated && path == SimdWidth.Vector128) kernel.Run<Simd128<T>, Vector128<T>>(from, to);
        else kernel.Run<SimdScalar<T>, T>(from, to);
    }
}
