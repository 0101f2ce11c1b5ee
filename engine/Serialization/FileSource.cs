using Microsoft.Win32.SafeHandles;

namespace AmcEngine.Serialization;

/// <summary>
/// A range of an open file. Positioned reads rather than a memory map: a file that shrinks under a map kills the
/// process with SIGBUS, here it is an error with a name; and the page cache serves both equally fast.
/// </summary>
internal sealed class FileSource : TensorSource
{
    private readonly SafeFileHandle _handle;
    private readonly long _start;

    private FileSource(SafeFileHandle handle, string path, long start, long length)
    {
        (_handle, Path, _start, Length) = (handle, path, start, length);
    }

    public string Path { get; }

    public override long Length { get; }

    /// <summary>The whole of a file, and the handle that the caller must dispose.</summary>
    public static FileSource Open(string path, out SafeFileHandle handle)
    {
        try
        {
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw SerializationException.In(path, null, "there is no such file", "check the path", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw SerializationException.In(
                path, null, "the file cannot be opened", "check that it is a readable file and not a folder", e);
        }
        try
        {
            return new FileSource(handle, path, 0, RandomAccess.GetLength(handle));
        }
        catch (Exception e) when (e is IOException or NotSupportedException)
        {
            handle.Dispose();
            throw SerializationException.In(path, null, "the file has no length", "give a regular file, not a pipe", e);
        }
    }

    /// <summary>A part of this range.</summary>
    public FileSource Slice(long offset, long length) => new(_handle, Path, _start + offset, length);

    public override void Read(long offset, Span<byte> destination)
    {
        try
        {
            var position = _start + offset;
            while (!destination.IsEmpty)
            {
                var got = RandomAccess.Read(_handle, destination, position);
                if (got == 0) throw SerializationException.In(
                    Path, null, $"the file ended at byte {position} while it was being read", "fetch it again");
                destination = destination[got..];
                position += got;
            }
        }
        catch (IOException e)
        {
            throw SerializationException.In(Path, null, "reading failed", "check the disk and fetch the file again", e);
        }
    }
}
