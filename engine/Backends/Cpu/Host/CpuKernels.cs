using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Cpu.Simd;
using AmcEngine.Memory;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu.Host;

/// <summary>What the kernel families of a CPU back end share.</summary>
/// <param name="Workers">Its threads.</param>
/// <param name="Pool">Its memory.</param>
internal sealed record CpuHost(WorkerPool Workers, CachingPool Pool);

/// <summary>A family of kernels of the CPU back end: how ranges are cut into tiles, and scratch memory.</summary>
internal abstract class CpuKernels(CpuHost host)
{
    /// <summary>
    /// Elements a tile of a cheap kernel: 128 KB of f32, so that a tile stays in L2 and joining costs little.
    /// </summary>
    protected const int CheapTile = 32 * 1024;

    /// <summary>Elements a tile where an element costs a transcendental function.</summary>
    protected const int DearTile = 4 * 1024;

    /// <summary>
    /// Operations below which a second thread costs more (about 1 µs to wake and join) than it saves.
    /// </summary>
    protected const double InlineFlops = 200e3;

    /// <summary>
    /// Operations a tile: long enough to hide the queue and short enough to even out a core that is taken away.
    /// </summary>
    protected const double TileFlops = 500e3;

    // A result of so many bytes is no longer in the caches when the next kernel reads it; written past them it is not
    // read first.
    private const long StreamBytes = 16L << 20;

    /// <summary>The threads.</summary>
    protected WorkerPool Workers { get; } = host.Workers;

    /// <summary>Runs a kernel over [0, count) in tiles; up to two tiles of work stays on the calling thread.</summary>
    protected void Run<T, K>(in K kernel, int count, int tile) where T : unmanaged where K : struct, ISimdKernel<T>
    {
        if (count <= 0) return;
        if (Workers.Threads == 1 || count <= 2 * (long)tile)
        {
            SimdDispatch.Run<T, K>(kernel, 0, count);
            return;
        }
        RunTiles<T, K>(kernel, count, tile);
    }

    // Apart from Run, whose fast path would otherwise allocate the closure too.
    private void RunTiles<T, K>(K kernel, int count, int tile) where T : unmanaged where K : struct, ISimdKernel<T> =>
        Workers.Run((int)(((long)count + tile - 1) / tile),
            i => SimdDispatch.Run<T, K>(kernel, i * tile, (int)Math.Min(count, ((long)i + 1) * tile)));

    /// <summary>Runs a kernel over [0, count) in tiles.</summary>
    protected void Run<K>(in K kernel, int count, int tile) where K : struct, IRange
    {
        if (count <= 0) return;
        if (Workers.Threads == 1 || count <= 2 * (long)tile) kernel.Run(0, count);
        else RunTiles(kernel, count, tile);
    }

    private void RunTiles<K>(K kernel, int count, int tile) where K : struct, IRange =>
        Workers.Run((int)(((long)count + tile - 1) / tile),
            i => kernel.Run(i * tile, (int)Math.Min(count, ((long)i + 1) * tile)));

    /// <summary>
    /// Tiles [0, tiles) on this thread alone where waking another costs more than it saves; small ones in groups.
    /// </summary>
    protected void RunTiles(int tiles, double work, Action<int, int> body) => RunTiles(tiles, 1, work, body);

    /// <summary>The same in groups of a multiple of so many together.</summary>
    protected void RunTiles(int tiles, int together, double work, Action<int, int> body)
    {
        if (work < InlineFlops || Workers.Threads == 1)
        {
            body(0, tiles);
            return;
        }
        var units = tiles / together;
        var groups = (int)Math.Clamp(Math.Min(units, work / TileFlops), Math.Min(units, 2 * Workers.Threads), units);
        Workers.Run(groups, g =>
            body((int)((long)units * g / groups) * together, (int)((long)units * (g + 1) / groups) * together));
    }

    /// <summary>Rows a tile so that a tile has about <paramref name="elements"/> elements.</summary>
    protected static int RowTile(int elements, long rowLength) =>
        (int)Math.Clamp(elements / Math.Max(1, rowLength), 1, elements);

    /// <summary>Whether a result is to be written past the caches.</summary>
    protected static bool Streams(Tensor y) => (long)y.Count * y.DType.Size() >= StreamBytes;

    /// <summary>Whether the two are one memory: lines that were just read are in the caches.</summary>
    protected static bool InPlace(Tensor x, Tensor y) => x.Pointer == y.Pointer;

    /// <summary>Address of the first element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected static unsafe T* Ptr<T>(Tensor t) where T : unmanaged => (T*)t.Pointer;

    /// <summary>Address of the first element, null where there is no tensor.</summary>
    protected static unsafe T* PtrOrNull<T>(Tensor? t) where T : unmanaged => t is null ? null : (T*)t.Pointer;

    /// <summary>A parameter in the element type.</summary>
    protected static T Cast<T>(double value) where T : unmanaged, INumberBase<T> => T.CreateTruncating(value);

    /// <summary>Scratch memory from the pool.</summary>
    protected Scratch Borrow(long bytes) => new(host.Pool, bytes);

    /// <summary>A block that goes back to the pool at the end of its scope.</summary>
    protected readonly ref struct Scratch(CachingPool pool, long bytes)
    {
        private readonly Storage _storage = pool.Allocate(bytes);

        public nint Pointer => _storage.Pointer;

        public void Dispose() => pool.Free(_storage);
    }
}
