using System.Runtime.InteropServices;

namespace AmcEngine.Backends.Cpu.Gemm;

/// <summary>
/// Native working memory of one thread, 64-byte aligned, in slots that grow and stay: kernels allocate nothing after
/// their first call. A slot belongs to one purpose, so a nested kernel never overwrites what its caller holds.
/// </summary>
internal sealed unsafe class GemmScratch
{
    /// <summary>The packed operand that all threads of one product read.</summary>
    public const int Shared = 0;

    /// <summary>A packed panel of the right operand.</summary>
    public const int PanelB = 1;

    /// <summary>Packed rows of the left operand.</summary>
    public const int PanelA = 2;

    /// <summary>A tile of the transposed product.</summary>
    public const int Product = 3;

    /// <summary>First of the slots of attention.</summary>
    public const int Attention = 4;

    private const int Slots = 9;

    [ThreadStatic] private static GemmScratch? _current;

    private static long _total;

    private readonly void*[] _memory = new void*[Slots];
    private readonly nuint[] _bytes = new nuint[Slots];

    /// <summary>Bytes that all threads hold.</summary>
    public static long TotalBytes => Interlocked.Read(ref _total);

    /// <summary>Frees the memory after the thread has ended.</summary>
    ~GemmScratch()
    {
        for (var slot = 0; slot < Slots; slot++)
        {
            NativeMemory.AlignedFree(_memory[slot]);
            Interlocked.Add(ref _total, -(long)_bytes[slot]);
        }
    }

    /// <summary>
    /// At least <paramref name="count"/> elements of this thread's slot; valid until the next request for the slot.
    /// </summary>
    public static T* Get<T>(int slot, long count) where T : unmanaged
    {
        var scratch = _current ??= new GemmScratch();
        var bytes = (nuint)count * (nuint)sizeof(T);
        if (bytes > scratch._bytes[slot] || scratch._memory[slot] is null)
        {
            NativeMemory.AlignedFree(scratch._memory[slot]);
            scratch._memory[slot] = null;
            Interlocked.Add(ref _total, -(long)scratch._bytes[slot]);
            scratch._bytes[slot] = 0;
            bytes = Math.Max(4096, bytes + bytes / 4);
            scratch._memory[slot] = NativeMemory.AlignedAlloc(bytes, 64);
            scratch._bytes[slot] = bytes;
            Interlocked.Add(ref _total, (long)bytes);
        }
        return (T*)scratch._memory[slot];
    }
}
