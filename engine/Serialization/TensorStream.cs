using System.Buffers;

namespace AmcEngine.Serialization;

/// <summary>Hands a tensor's bytes on in parts that stay in a processor's cache.</summary>
internal static class TensorStream
{
    private const int ChunkBytes = 1 << 20;

    /// <summary>Reads all bytes in order.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="write">Takes a part: a buffer that is used again, and how many of its bytes count.</param>
    /// <exception cref="SerializationException">The tensor cannot be read.</exception>
    public static void Copy(TensorData tensor, Action<byte[], int> write)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            for (long done = 0; done < tensor.ByteLength;)
            {
                var count = (int)Math.Min(ChunkBytes, tensor.ByteLength - done);
                tensor.Read(done, buffer.AsSpan(0, count));
                write(buffer, count);
                done += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
