using System.Runtime.InteropServices;

namespace AmcEngine.Serialization;

/// <summary>
/// The values of a floating tensor in another floating type, converted part by part while they are read. Sources of the
/// same tensor and type are equal, so that tied tensors stay tied.
/// </summary>
internal sealed class ConvertedSource(TensorData tensor, TensorDataType type) : ElementSource(type.Size())
{
    private const int ChunkElements = 1 << 16;

    private readonly int _from = tensor.Type.Size();
    private readonly int _to = type.Size();

    private readonly TensorData _tensor = tensor;
    private readonly TensorDataType _type = type;

    public override long Length => _tensor.Count * _to;

    protected override void ReadElements(long offset, Span<byte> destination)
    {
        var chunk = Math.Min(ChunkElements, destination.Length / _to);
        var (stored, values) = (new byte[chunk * _from], new float[chunk]);
        for (var first = offset / _to; !destination.IsEmpty; first += chunk)
        {
            chunk = Math.Min(chunk, destination.Length / _to);
            var part = stored.AsSpan(0, chunk * _from);
            _tensor.Read(first * _from, part);
            if (_type == TensorDataType.F64)
                TensorConversion.ToFloating(_tensor.Type, part, MemoryMarshal.Cast<byte, double>(destination)[..chunk]);
            else
            {
                var singles = values.AsSpan(0, chunk);
                TensorConversion.ToFloating(_tensor.Type, part, singles);
                if (!TensorConversion.TryNarrow(singles, _type, destination[..(chunk * _to)])
                    || (_tensor.Type == TensorDataType.F64 && HasOverflowed(part, singles)))
                    throw SerializationException.In(_tensor.Origin, _tensor.Name,
                        $"holds numbers that are too large for {_type}", "choose a type of wider range, such as BF16");
            }
            destination = destination[(chunk * _to)..];
        }
    }

    public override bool Equals(object? obj) =>
        obj is ConvertedSource other && other._type == _type && other._tensor.IsTiedTo(_tensor);

    public override int GetHashCode() => HashCode.Combine(_tensor.PlaceHash, _type);

    private static bool HasOverflowed(ReadOnlySpan<byte> doubles, ReadOnlySpan<float> singles)
    {
        var values = MemoryMarshal.Cast<byte, double>(doubles);
        for (var i = 0; i < singles.Length; i++)
            if (float.IsInfinity(singles[i]) && double.IsFinite(values[i])) return true;
        return false;
    }
}
