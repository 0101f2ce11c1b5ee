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
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>
    /// Writes a file by <see cref="DurableFile"/>, so that an interrupted run never leaves a half-written checkpoint
    /// under the final name. The values pass through 1 MiB, wherever they come from.
    /// </summary>
    /// <param name="path">The file to create or replace; its folder must exist.</param>
    /// <param name="tensors">What to write; names must differ. Tied ones are written under each name.</param>
    /// <param name="metadata">The <c>__metadata__</c> map, or <c>null</c> for none.</param>
    /// <exception cref="SerializationException">A name is unusable or double, or a source cannot be read.</exception>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public static void Write(
        string path, IEnumerable<TensorData> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(tensors);
        using var files = new StagedFiles();
        Stage(files, path, tensors, metadata);
        files.Publish();
    }

    /// <summary>The same to a set of files, which is published later.</summary>
    /// <param name="files">The set.</param>
    /// <param name="path">The file to create or replace; its folder must exist.</param>
    /// <param name="tensors">What to write; names must differ. Tied ones are written under each name.</param>
    /// <param name="metadata">The <c>__metadata__</c> map, or <c>null</c> for none.</param>
    /// <exception cref="SerializationException">A name is unusable or double, or a source cannot be read.</exception>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public static void Stage(
        StagedFiles files, string path, IEnumerable<TensorData> tensors,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(files);
        TensorData[] list = [.. tensors];
        CheckNames(path, list);
        StageChecked(files, path, list, metadata);
    }

    /// <summary>
    /// The same, but tied tensors (<see cref="TensorData.StorageKey"/>, or names of one tensor) are stored once, and
    /// the metadata notes the other names, under which our readers give them again.
    /// </summary>
    /// <param name="path">The file to create or replace; its folder must exist.</param>
    /// <param name="tensors">What to write; names must differ.</param>
    /// <exception cref="SerializationException">A name is unusable or double, or a source cannot be read.</exception>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public static void WriteOnce(string path, IEnumerable<TensorData> tensors)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(tensors);
        using var files = new StagedFiles();
        StageOnce(files, path, tensors);
        files.Publish();
    }

    /// <summary>The same as <see cref="WriteOnce"/> to a set of files, which is published later.</summary>
    /// <param name="files">The set.</param>
    /// <param name="path">The file to create or replace; its folder must exist.</param>
    /// <param name="tensors">What to write; names must differ.</param>
    /// <exception cref="SerializationException">A name is unusable or double, or a source cannot be read.</exception>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public static void StageOnce(StagedFiles files, string path, IEnumerable<TensorData> tensors)
    {
        ArgumentNullException.ThrowIfNull(files);
        TensorData[] list = [.. tensors];
        CheckNames(path, list);
        var (stored, tied) = TiedNames.Split(list);
        StageChecked(files, path, stored, tied.Count == 0 ? null : TiedNames.ToMetadata(tied));
    }

    /// <summary>Writes a file of tensors with different names to a set of files that is published later.</summary>
    internal static void StageChecked(
        StagedFiles files, string path, TensorData[] tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        TensorData[] layout = [.. tensors.OrderByDescending(tensor => tensor.Type.Size())];
        var header = BuildHeader(tensors, Offsets(layout), metadata);
        if (header.Length > SafetensorsReader.MaxHeaderBytes) throw SerializationException.In(
            path, null, $"the header would take {header.Length} bytes, more than readers accept", "split the file");
        files.Write(path, stream =>
        {
            WriteHeader(stream, header);
            foreach (var tensor in layout) TensorStream.Copy(tensor, (bytes, count) => stream.Write(bytes, 0, count));
        });
    }

    /// <summary>Checks that names differ and can be written.</summary>
    /// <exception cref="SerializationException">A name is unusable or double.</exception>
    internal static void CheckNames(string path, TensorData[] tensors)
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
}
