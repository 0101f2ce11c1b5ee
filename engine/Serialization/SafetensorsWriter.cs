using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AmcEngine.Files;

namespace AmcEngine.Serialization;

/// <summary>
/// Writes safetensors files. The header lists the tensors in the order given; their data is laid out by falling element
/// size (stable), and the header is padded with spaces to 8 bytes, so that every tensor is aligned to its elements.
/// </summary>
public static class SafetensorsWriter
{
    private const int ChunkBytes = 1 << 20;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>
    /// Writes a file by <see cref="DurableFile"/>, so that an interrupted run never leaves a half-written checkpoint
    /// under the final name. Tensors that lie in other files are streamed through 1 MiB.
    /// </summary>
    /// <param name="path">The file to create or replace; its folder must exist.</param>
    /// <param name="tensors">What to write; names must differ.</param>
    /// <param name="metadata">The <c>__metadata__</c> map, or <c>null</c> for none.</param>
    /// <exception cref="SerializationException">A name is unusable or double, or a source cannot be read.</exception>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public static void Write(
        string path, IEnumerable<TensorData> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(tensors);
        TensorData[] list = [.. tensors];
        CheckNames(path, list);
        TensorData[] layout = [.. list.OrderByDescending(tensor => tensor.Type.Size())];
        var header = BuildHeader(list, Offsets(layout), metadata);
        if (header.Length > SafetensorsReader.MaxHeaderBytes) throw SerializationException.In(
            path, null, $"the header would take {header.Length} bytes, more than readers accept", "split the file");
        DurableFile.Write(path, stream =>
        {
            WriteHeader(stream, header);
            foreach (var tensor in layout) WriteData(stream, tensor);
        });
    }

    private static void CheckNames(string path, TensorData[] tensors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tensor in tensors)
        {
            if (tensor.Name == SafetensorsHeader.MetadataKey) throw SerializationException.In(
                path, tensor.Name, "the name is reserved for metadata", "rename the tensor");
            if (!seen.Add(tensor.Name)) throw SerializationException.In(
                path, tensor.Name, "given twice", "give every tensor a name of its own");
            try
            {
                StrictUtf8.GetByteCount(tensor.Name);
            }
            catch (EncoderFallbackException e)
            {
                throw SerializationException.In(
                    path, tensor.Name, "the name is not valid text", "rename the tensor", e);
            }
        }
    }

    private static Dictionary<TensorData, long> Offsets(TensorData[] layout)
    {
        var offsets = new Dictionary<TensorData, long>(ReferenceEqualityComparer.Instance);
        long next = 0;
        foreach (var tensor in layout)
        {
            offsets.Add(tensor, next);
            next = checked(next + tensor.ByteLength);
        }
        return offsets;
    }

    private static byte[] BuildHeader(
        TensorData[] tensors, Dictionary<TensorData, long> offsets, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var options = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var json = new Utf8JsonWriter(buffer, options))
        {
            json.WriteStartObject();
            if (metadata is not null)
            {
                json.WriteStartObject(SafetensorsHeader.MetadataKey);
                foreach (var (key, value) in metadata) json.WriteString(key, value);
                json.WriteEndObject();
            }
            foreach (var tensor in tensors) WriteEntry(json, tensor, offsets[tensor]);
            json.WriteEndObject();
        }
        var padded = new byte[(buffer.WrittenCount + 7) / 8 * 8];
        buffer.WrittenSpan.CopyTo(padded);
        padded.AsSpan(buffer.WrittenCount).Fill((byte)' ');
        return padded;
    }

    private static void WriteEntry(Utf8JsonWriter json, TensorData tensor, long begin)
    {
        json.WriteStartObject(tensor.Name);
        json.WriteString("dtype", tensor.Type == TensorDataType.Bool ? "BOOL" : tensor.Type.ToString());
        json.WriteStartArray("shape");
        foreach (var extent in tensor.Shape) json.WriteNumberValue(extent);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(begin);
        json.WriteNumberValue(begin + tensor.ByteLength);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteHeader(Stream stream, byte[] header)
    {
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
    }

    private static void WriteData(Stream stream, TensorData tensor)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            for (long done = 0; done < tensor.ByteLength;)
            {
                var count = (int)Math.Min(ChunkBytes, tensor.ByteLength - done);
                tensor.Read(done, buffer.AsSpan(0, count));
                stream.Write(buffer, 0, count);
                done += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
