using System.Numerics;

namespace AmcEngine.Serialization;

/// <summary>Counts NaN and infinities.</summary>
public static class NonFinite
{
    private const int ChunkElements = 1 << 16;

    /// <summary>How many values are not finite.</summary>
    public static int Count<T>(ReadOnlySpan<T> values) where T : INumberBase<T>
    {
        var (count, i) = (0, 0);
        if (Vector<T>.IsSupported)
        {
            for (; i <= values.Length - Vector<T>.Count; i += Vector<T>.Count)
            {
                // The difference is 0 for finite numbers and NaN for all others.
                var v = new Vector<T>(values[i..]);
                if (!Vector.EqualsAll(v - v, Vector<T>.Zero)) count += Singly(values.Slice(i, Vector<T>.Count));
            }
        }
        return count + Singly(values[i..]);
    }

    /// <summary>How many of a stored tensor's values are not finite, read in small parts.</summary>
    /// <exception cref="SerializationException">The file cannot be read.</exception>
    public static long Count(TensorData tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (!tensor.Type.IsFloatingPoint()) return 0;
        var size = tensor.Type.Size();
        var bytes = new byte[ChunkElements * size];
        var values = new double[ChunkElements];
        long count = 0;
        for (long done = 0; done < tensor.Count; done += ChunkElements)
        {
            var length = (int)Math.Min(ChunkElements, tensor.Count - done);
            tensor.Read(done * size, bytes.AsSpan(0, length * size));
            TensorConversion.ToFloating<double>(tensor.Type, bytes.AsSpan(0, length * size), values.AsSpan(0, length));
            count += Count<double>(values.AsSpan(0, length));
        }
        return count;
    }

    private static int Singly<T>(ReadOnlySpan<T> values) where T : INumberBase<T>
    {
        var count = 0;
        foreach (var value in values)
            if (!T.IsFinite(value)) count++;
        return count;
    }
}
