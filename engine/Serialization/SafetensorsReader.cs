using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace AmcEngine.Serialization;

/// <summary>
/// Reads a safetensors file: 8 bytes header length (little-endian), a JSON header, then the tensors' bytes. The header
/// is checked in full on opening; the tensors are read when asked for, so a file of any size costs no memory to open.
/// The data need not be aligned to the element size: the format does not ask for it and the reference reader does not
/// check it.
/// </summary>
public sealed class SafetensorsReader : IDisposable
{
    /// <summary>The reference implementation's cap, so that no file makes a reader parse gigabytes of JSON.</summary>
    internal const long MaxHeaderBytes = 100_000_000;

    private readonly SafeFileHandle _handle;
    private readonly Dictionary<string, TensorData> _byName = new(StringComparer.Ordinal);

    private SafetensorsReader(SafeFileHandle handle, string path, SafetensorsHeader header, FileSource data)
    {
        (_handle, Path, Metadata) = (handle, path, header.Metadata);
        var tensors = new List<TensorData>(header.Entries.Count);
        var skipped = new List<SkippedEntry>();
        foreach (var entry in header.Entries)
        {
            if (entry.Type.Type is not { } type)
            {
                skipped.Add(new SkippedEntry(entry.Name, $"a tensor of {entry.Type.Name}"));
                continue;
            }
            var tensor = new TensorData(path, entry.Name, type, entry.Shape, data, entry.Begin);
            tensors.Add(tensor);
            _byName.Add(entry.Name, tensor);
        }
        (Stored, Skipped) = (tensors, skipped);
        Tied = TiedNames.FromMetadata(Metadata, _byName.ContainsKey);
        Tensors = TiedNames.Join(tensors, Tied, name => _byName[name]);
        foreach (var (name, storedAs, _) in Tied) _byName.Add(name, _byName[storedAs].WithName(name));
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>
    /// All tensors in the order of the header; their values are read on use. Names that the metadata notes as tied to
    /// a stored tensor are among them, where they stood when the file was written.
    /// </summary>
    public IReadOnlyList<TensorData> Tensors { get; }

    /// <summary>The tensors that the file stores.</summary>
    internal IReadOnlyList<TensorData> Stored { get; }

    /// <summary>Further names of them.</summary>
    internal IReadOnlyList<TiedName> Tied { get; }

    /// <summary>
    /// Tensors of element types that are not read (complex numbers, 8-bit floats, wide unsigned integers).
    /// </summary>
    public IReadOnlyList<SkippedEntry> Skipped { get; }

    /// <summary>The <c>__metadata__</c> map; empty where the file has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The tensor of that name.</summary>
    /// <exception cref="SerializationException">The file has no such tensor.</exception>
    public TensorData this[string name] => _byName.TryGetValue(name, out var tensor)
        ? tensor
        : throw SerializationException.In(
            Path, name, $"not among the {Tensors.Count} tensors of the file",
            "check the name or use the matching file");

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="SerializationException">
    /// The file cannot be opened or breaks the format; the message says how.
    /// </exception>
    public static SafetensorsReader Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var file = FileSource.Open(path, out var handle);
        try
        {
            var form = FileForms.Tell(file);
            if (form == FileForm.Index) throw SerializationException.In(
                path, null, "is an index of safetensors files, not one itself", "open it as a checkpoint");
            if (form is FileForm.Zip or FileForm.Pickle) throw SerializationException.In(
                path, null, "is a PyTorch checkpoint, not safetensors", "turn it into safetensors with: amcx convert");
            var json = ReadHeader(file);
            var data = file.Slice(8 + json.Length, file.Length - 8 - json.Length);
            var header = SafetensorsHeader.Parse(path, json);
            header.CheckLayout(path, data.Length);
            return new SafetensorsReader(handle, path, header, data);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Whether the file has a tensor of that name.</summary>
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>Closes the file. Tensors not read before cannot be read any more.</summary>
    public void Dispose() => _handle.Dispose();

    private static byte[] ReadHeader(FileSource file)
    {
        const string fetchAgain = "the file is cut off or not safetensors: fetch it again";
        if (file.Length < 8) throw SerializationException.In(
            file.Path, null, $"has {file.Length} bytes, too few for the 8-byte header length", fetchAgain);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(file.ReadArray(0, 8));
        if (length > (ulong)file.Length - 8) throw SerializationException.In(
            file.Path, null, $"announces a header of {length} bytes, but only {file.Length - 8} follow", fetchAgain);
        if (length > MaxHeaderBytes) throw SerializationException.In(
            file.Path, null, $"announces a header of {length} bytes, more than the allowed {MaxHeaderBytes}",
            "split the file or check where it comes from");
        return file.ReadArray(8, (int)length);
    }
}
