namespace AmcEngine.Tests.Fuzz;

/// <summary>
/// A folder in memory, where the machine has one, with the file that a reader is given again and again.
/// </summary>
internal sealed class FuzzSession : IDisposable
{
    private const string MemoryFolder = "/dev/shm";

    /// <summary>Makes the folder.</summary>
    public FuzzSession(string fileName)
    {
        var root = Directory.Exists(MemoryFolder) ? MemoryFolder : System.IO.Path.GetTempPath();
        Folder = System.IO.Path.Combine(root, $"amc-fuzz-{Guid.NewGuid().ToString("N")[..12]}");
        Directory.CreateDirectory(Folder);
        Path = this[fileName];
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>The file under test.</summary>
    public string Path { get; }

    /// <summary>The path of another file in the folder.</summary>
    public string this[string name] => System.IO.Path.Combine(Folder, name);

    /// <summary>Replaces the file under test.</summary>
    public void Write(ReadOnlySpan<byte> bytes) => File.WriteAllBytes(Path, bytes);

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
