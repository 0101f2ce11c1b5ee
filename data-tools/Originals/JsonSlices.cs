using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace AmcEngine.DataTools;

/// <summary>
/// Elements of a JSON file that were passed by before, read again by their place: so that elements can be put in
/// another order without holding them all. Only what <see cref="JsonScan.Slice"/> gave may be asked for.
/// </summary>
/// <param name="path">The file.</param>
internal sealed class JsonSlices(string path) : IDisposable
{
    private readonly SafeFileHandle _handle = File.OpenHandle(path);
    private byte[] _bytes = new byte[1 << 12];

    /// <summary>The element at a place; the caller disposes it before it asks for the next.</summary>
    /// <exception cref="DataException">The file is another one by now, or cannot be read.</exception>
    public JsonDocument Read(long offset, int length)
    {
        if (_bytes.Length < length)
            _bytes = new byte[Math.Max(length, 2 * _bytes.Length)];
        try
        {
            for (var done = 0; done < length;)
            {
                var read = RandomAccess.Read(_handle, _bytes.AsSpan(done, length - done), offset + done);
                done += read > 0 ? read : throw Changed();
            }
            return JsonDocument.Parse(_bytes.AsMemory(0, length));
        }
        catch (IOException e)
        {
            throw OriginalFile.Unreadable(path, e);
        }
        catch (JsonException)
        {
            throw Changed();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private DataException Changed() =>
        new($"{path}: the file changed while it was being read; start again when it is complete.");
}
