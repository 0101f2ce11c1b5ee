using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using AmcEngine.Files;

namespace AmcEngine.DataTools;

/// <summary>
/// Writes the two annotation files of a split, an entry a line, into files that are not complete until the end.
/// </summary>
internal sealed class SplitWriter : IDisposable
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly Utf8JsonWriter _json;
    private readonly FileStream _plain;
    private readonly FileStream _rich;
    private bool _isFirst;

    /// <summary>Opens both files, and goes on behind what an earlier run is known to have written.</summary>
    /// <param name="plain">The file in the reference's format.</param>
    /// <param name="rich">The file in the richer format.</param>
    /// <param name="kept">How many bytes of each to keep; 0 for a new file.</param>
    /// <exception cref="FileWriteException">A file cannot be written.</exception>
    public SplitWriter(string plain, string rich, (long Plain, long Rich) kept)
    {
        _json = new Utf8JsonWriter(_line, Options);
        _plain = Open(plain, kept.Plain);
        _rich = Open(rich, kept.Rich);
        _isFirst = kept.Plain == 0;
    }

    /// <summary>Bytes of each file.</summary>
    public (long Plain, long Rich) Lengths => (_plain.Position, _rich.Position);

    /// <summary>Writes an entry to both.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="split">The split, which the richer format names.</param>
    /// <exception cref="FileWriteException">The disk is full or fails.</exception>
    public void Write(ImportedEntry entry, string split)
    {
        var separator = _isFirst ? "[\n"u8 : ",\n"u8;
        _isFirst = false;
        WriteLine(_plain, separator, entry, null);
        WriteLine(_rich, separator, entry, split);
    }

    /// <summary>Sees that what was written is on the disk.</summary>
    /// <exception cref="FileWriteException">The disk is full or fails.</exception>
    public void Flush() => Guard(() =>
    {
        _plain.Flush(flushToDisk: true);
        _rich.Flush(flushToDisk: true);
    });

    /// <summary>Completes both files.</summary>
    /// <exception cref="FileWriteException">The disk is full or fails.</exception>
    public void Finish()
    {
        Guard(() =>
        {
            _plain.Write(_isFirst ? "[]\n"u8 : "\n]\n"u8);
            _rich.Write(_isFirst ? "[]\n"u8 : "\n]\n"u8);
        });
        Flush();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _json.Dispose();
        Close(_plain);
        Close(_rich);
    }

    private void WriteLine(FileStream stream, ReadOnlySpan<byte> separator, ImportedEntry entry, string? richSplit)
    {
        _line.ResetWrittenCount();
        _json.Reset();
        _json.WriteStartObject();
        _json.WriteString("image"u8, entry.Image);
        if (richSplit is not null)
            WriteSize(entry);
        if (entry.Captions.Count == 1)
            _json.WriteString("caption"u8, entry.Captions[0]);
        else
        {
            _json.WriteStartArray("caption"u8);
            foreach (var caption in entry.Captions)
                _json.WriteStringValue(caption);
            _json.WriteEndArray();
        }
        if (richSplit is not null)
            WriteRich(entry, richSplit);
        else
        {
            _json.WriteStartArray("bbox"u8);
            foreach (var region in entry.Regions)
                WriteBox(region.Box);
            _json.WriteEndArray();
        }
        _json.WriteEndObject();
        _json.Flush();
        try
        {
            stream.Write(separator);
            stream.Write(_line.WrittenSpan);
        }
        catch (IOException e)
        {
            throw new FileWriteException(stream.Name, e);
        }
    }

    private void WriteSize(ImportedEntry entry)
    {
        if (entry is not { Width: { } width, Height: { } height })
            return;
        _json.WriteNumber("width"u8, width);
        _json.WriteNumber("height"u8, height);
    }

    private void WriteRich(ImportedEntry entry, string split)
    {
        _json.WriteStartArray("regions"u8);
        foreach (var region in entry.Regions)
        {
            if (!region.Shape.IsEmpty)
            {
                _json.WriteRawValue(region.Shape.Span, skipInputValidation: true);
                continue;
            }
            _json.WriteStartObject();
            _json.WritePropertyName("box"u8);
            WriteBox(region.Box);
            _json.WriteEndObject();
        }
        _json.WriteEndArray();
        WriteText("id"u8, entry.Id);
        WriteText("entity"u8, entry.Entity);
        WriteText("category"u8, entry.Category);
        _json.WriteString("split"u8, split);
    }

    private void WriteBox(Box box)
    {
        _json.WriteStartArray();
        _json.WriteNumberValue(box.X1);
        _json.WriteNumberValue(box.Y1);
        _json.WriteNumberValue(box.X2);
        _json.WriteNumberValue(box.Y2);
        _json.WriteEndArray();
    }

    private void WriteText(ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
            _json.WriteString(name, value);
    }

    private static FileStream Open(string path, long kept)
    {
        try
        {
            var stream = new FileStream(
                path, kept > 0 ? FileMode.Open : FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 18);
            stream.SetLength(kept);
            stream.Position = kept;
            return stream;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FileWriteException(path, e);
        }
    }

    private void Guard(Action write)
    {
        try
        {
            write();
        }
        catch (IOException e)
        {
            throw new FileWriteException(_plain.Name, e);
        }
    }

    // A buffer that could not be written is written once more at the end, which fails again; that error was told
    // already.
    private static void Close(FileStream stream)
    {
        try
        {
            stream.Dispose();
        }
        catch (IOException)
        {
        }
    }
}
