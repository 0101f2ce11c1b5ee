using System.Buffers;
using System.Runtime.InteropServices;

namespace AmcEngine.Serialization;

/// <summary>Shows an array of numbers as memory of bytes, so that saving weights does not copy them first.</summary>
internal sealed class CastMemoryManager<T>(T[] array) : MemoryManager<byte>
    where T : unmanaged
{
    public override Span<byte> GetSpan() => MemoryMarshal.AsBytes(array.AsSpan());

    public override unsafe MemoryHandle Pin(int elementIndex = 0)
    {
        var pin = GCHandle.Alloc(array, GCHandleType.Pinned);
        return new MemoryHandle((byte*)pin.AddrOfPinnedObject() + elementIndex, pin, this);
    }

    public override void Unpin() { }

    protected override void Dispose(bool disposing) { }
}
