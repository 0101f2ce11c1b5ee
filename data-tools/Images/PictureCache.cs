using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using AmcEngine.Files;
using SkiaSharp;

namespace AmcEngine.DataTools;

/// <summary>
/// Pictures on disk as they are once decoded and resized, so that later epochs need not do it again. An entry is named
/// by a hash of the picture file's bytes and of all that the pixels depend on: a file that was changed is another
/// picture, and one that was moved is the same. Entries are there whole or not at all, and are checked when read; what
/// is damaged is made again. Safe to use from several threads and processes. The cache changes no pixel: pictures of
/// which a part is missing are left out of it, so that they are named in every run.
/// </summary>
public sealed class PictureCache
{
    // A killed process leaves a file behind that nobody else is writing any more.
    private static readonly TimeSpan Abandoned = TimeSpan.FromHours(1);

    // Other processes fill the same folder: it is measured anew each time that this share of the bound was added.
    private const int Measurements = 16;

    // Another version of the decoder may make other pixels.
    private static readonly string Decoder =
        typeof(SKCodec).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            ?? typeof(SKCodec).Assembly.FullName!;

    private readonly string _folder;
    private readonly long _most;
    private readonly Action<string>? _warn;
    private readonly Lock _lock = new();
    private long _bytes, _added;
    private bool _full, _saidDamage, _saidUnreadable, _saidUnwritable;

    private PictureCache(string folder, long most, Action<string>? warn) =>
        (_folder, _most, _warn, _bytes) = (folder, most, warn, 0);

    /// <summary>Opens a cache, and makes its folder where there is none.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="most">Bytes that it may hold, what it holds already included.</param>
    /// <param name="warn">Told in one line, once each, that it is full, damaged or cannot be written.</param>
    /// <exception cref="DataException">The folder cannot be made or written to.</exception>
    public static PictureCache Open(string folder, long most, Action<string>? warn = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(most);
        var cache = new PictureCache(folder, most, warn);
        try
        {
            Directory.CreateDirectory(folder);
            var probe = Path.Combine(folder, $"{Guid.NewGuid():N}{DurableFile.TemporarySuffix}");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
            cache._bytes = cache.Measure();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException(
                $"{folder}: the cache's folder cannot be used ({e.Message.TrimEnd('.')}); name another in cache.", e);
        }
        return cache;
    }

    /// <summary>Bytes that it holds, as far as this process knows.</summary>
    internal long Bytes
    {
        get
        {
            lock (_lock)
                return _bytes;
        }
    }

    /// <summary>
    /// A picture in one size, from the cache or else by <paramref name="read"/>, whose result is kept.
    /// </summary>
    /// <param name="path">The picture file.</param>
    /// <param name="settings">All that the pixels depend on beside the file.</param>
    /// <param name="read">Reads the file: the picture in one size, and its damage or null.</param>
    internal (PictureViews Views, string? Damage) Read(
        string path, string settings, Func<(PictureViews Views, string? Damage)> read)
    {
        if (KeyOf(path, settings) is not { } key)
            return read();
        var file = FileOf(key);
        if (TryRead(file, key) is { } known)
            return (known, null);
        var made = read();
        // A file that is being replaced while it is read must not stand under the name of what it was.
        if (made.Damage is null && KeyOf(path, settings)?.AsSpan().SequenceEqual(key) == true)
            Add(file, key, made.Views);
        return made;
    }

    private string FileOf(byte[] key)
    {
        var name = Convert.ToHexStringLower(key);
        return Path.Combine(_folder, name[..2], name[2..]);
    }

    // Null where the file cannot be read; who reads it says why.
    private static byte[]? KeyOf(string path, string settings)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData(Encoding.UTF8.GetBytes($"{settings}\n{Decoder}\n"));
            hash.AppendData(SHA256.HashData(file));
            return hash.GetHashAndReset();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private PictureViews? TryRead(string file, byte[] key)
    {
        try
        {
            using var stream = new FileStream(
                file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            if (CachedPicture.Read(stream, key) is { } views)
                return views;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Say(ref _saidUnreadable, $"{file}: an entry of the cache cannot be read ({e.Message.TrimEnd('.')}); the "
                + "picture is decoded instead, and so are others like it");
            return null;
        }
        Say(ref _saidDamage, $"{file}: an entry of the cache is damaged; it is made again, and so are others like it");
        return null;
    }

    private void Add(string file, byte[] key, PictureViews picture)
    {
        var length = CachedPicture.Length(picture.Images[0]);
        try
        {
            if (!Reserve(length))
                return;
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            DurableFile.Write(file, stream => CachedPicture.Write(stream, key, picture), flush: false);
        }
        catch (Exception e) when (e is FileWriteException or IOException or UnauthorizedAccessException)
        {
            lock (_lock)
                _full = true;
            Say(ref _saidUnwritable, $"{_folder}: the cache cannot be written any more ({e.Message.TrimEnd('.')}); "
                + "the run goes on, and what is not in it is decoded in every epoch");
        }
    }

    // Entries are never dropped: each is used once an epoch, so that none is worth more than another.
    private bool Reserve(long length)
    {
        lock (_lock)
        {
            if (_full)
                return false;
            if (_added > _most / Measurements)
                (_bytes, _added) = (Measure(), 0);
            if (_bytes + length <= _most)
            {
                _bytes += length;
                _added += length;
                return true;
            }
            _full = true;
        }
        _warn?.Invoke(string.Create(CultureInfo.InvariantCulture,
            $"{_folder}: the cache is full (cache_size: {_most / (double)(1L << 30):0.###} GiB); pictures that are not "
                + $"in it are decoded in every epoch; raise cache_size, or delete the folder if it holds older data"));
        return false;
    }

    private long Measure()
    {
        long bytes = 0;
        foreach (var file in new DirectoryInfo(_folder).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            try
            {
                if (file.Name.EndsWith(DurableFile.TemporarySuffix, StringComparison.Ordinal)
                    && DateTime.UtcNow - file.LastWriteTimeUtc > Abandoned)
                    file.Delete();
                else
                    bytes += file.Length;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another process has just renamed or deleted it.
            }
        }
        return bytes;
    }

    private void Say(ref bool said, string line)
    {
        lock (_lock)
        {
            if (said)
                return;
            said = true;
        }
        _warn?.Invoke(line);
    }
}
