using System.Runtime.InteropServices;
using AmcEngine.Model.Modules;
using AmcEngine.Serialization;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Training;

/// <summary>
/// A tensor's values in host memory that goes back to the system at once when they are no longer needed: arrays of this
/// size would wait for a full collection.
/// </summary>
internal sealed unsafe class HostCopy : IDisposable
{
    // As long as a span may be.
    private const int PartBytes = 1 << 30;

    private readonly TensorData _source;
    private byte* _memory;

    /// <summary>Copies a tensor of floating values.</summary>
    public HostCopy(Tensor tensor)
    {
        _source = TensorValues.ToData(tensor, "");
        _memory = (byte*)NativeMemory.Alloc((nuint)_source.ByteLength);
        try
        {
            for (long done = 0; done < _source.ByteLength; done += PartBytes)
                _source.Read(done, At(done, (int)Math.Min(PartBytes, _source.ByteLength - done)));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The values, while the copy is not disposed of.</summary>
    public TensorData ToData(string name) => TensorData.From(
        name, _source.Type, _source.Shape, (offset, target) => At(offset, target.Length).CopyTo(target));

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_memory);
        _memory = null;
    }

    private Span<byte> At(long offset, int length)
    {
        ObjectDisposedException.ThrowIf(_memory is null, this);
        return new Span<byte>(_memory + offset, length);
    }
}
