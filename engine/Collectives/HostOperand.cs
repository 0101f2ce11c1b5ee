using System.Buffers;
using System.Runtime.InteropServices;
using AmcEngine.Tensors;

namespace AmcEngine.Collectives;

/// <summary>
/// A tensor's elements at a host address while a collective works on them: on the processor where they lie, on a device
/// in a copy. It holds the tensor's memory until <see cref="Finish"/>, whatever becomes of the handle meanwhile. Made
/// and finished by a thread that computes, since device calls are made by those alone.
/// </summary>
internal sealed class HostOperand
{
    private readonly Memory.Storage _storage;
    private readonly Shape _shape;
    private readonly DType _type;
    private readonly int _offset;
    private readonly bool _writes;
    private readonly byte[]? _copy;
    private readonly GCHandle _pin;

    /// <summary>Takes the elements as they are now.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="reads">Whether the collective reads them.</param>
    /// <param name="writes">Whether it writes them.</param>
    public HostOperand(Tensor tensor, bool reads, bool writes)
    {
        (_storage, _shape, _type, _offset, _writes) =
            (tensor.Storage, tensor.Shape, tensor.DType, tensor.Offset, writes);
        if (_storage.Pointer != 0)
        {
            tensor.Backend.Synchronize();
            Address = tensor.Pointer;
        }
        else
        {
            _copy = ArrayPool<byte>.Shared.Rent(Math.Max(Bytes, 1));
            if (reads) tensor.Backend.Read(tensor, _copy.AsSpan(0, Bytes));
            _pin = GCHandle.Alloc(_copy, GCHandleType.Pinned);
            Address = _pin.AddrOfPinnedObject();
        }
        _storage.Retain();
        if (writes) _storage.Touch();
    }

    /// <summary>Where the elements lie.</summary>
    public nint Address { get; }

    private int Bytes => checked(_shape.Count * _type.Size());

    /// <summary>Puts a copy's elements back, where the collective was to write them, and lets the memory go.</summary>
    /// <param name="succeeded">Whether the collective has done its work.</param>
    public void Finish(bool succeeded)
    {
        if (_copy is not null)
        {
            // A handle of its own, which holds the reference that was kept.
            using var tensor = new Tensor(_storage, _shape, _type, _offset);
            _pin.Free();
            if (succeeded && _writes) tensor.Backend.Write(_copy.AsSpan(0, Bytes), tensor);
            ArrayPool<byte>.Shared.Return(_copy);
        }
        else _storage.Release();
    }
}
