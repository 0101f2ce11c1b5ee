using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using AmcEngine.Amc.Maps;
using AmcEngine.Files;

namespace AmcEngine.Amc.Evaluation.Cache;

/// <summary>A map that was computed before.</summary>
/// <param name="Map">The map of patches.</param>
/// <param name="Score">How likely phrase and picture belong together, by the model.</param>
internal sealed record CachedMap(PatchMap Map, double Score);

/// <summary>
/// A folder of maps, a file each, named by a hash of all that decides on the map. A file that is cut, changed or of
/// another program counts as none and is written anew.
/// </summary>
/// <param name="folder">The folder; it is made where it is missing.</param>
internal sealed class MapCache(string folder)
{
    // Another layout takes another mark, so that files of an earlier version are none.
    private static readonly byte[] Mark = "amcmap 1"u8.ToArray();

    private const int HeadBytes = 8 + sizeof(int) + sizeof(double);

    /// <summary>Maps that were found.</summary>
    public int Found { get; private set; }

    /// <summary>Maps that were written.</summary>
    public int Written { get; private set; }

    /// <summary>The name of an entry.</summary>
    /// <param name="parts">All that decides on the map.</param>
    public static string Key(params ReadOnlySpan<string> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (var part in parts)
        {
            // Lengths keep ("ab", "c") from being ("a", "bc").
            var bytes = Encoding.UTF8.GetBytes(part);
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The map of a name, or null.</summary>
    public CachedMap? Find(string key)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(PathOf(key));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        var known = Parse(bytes);
        Found += known is null ? 0 : 1;
        return known;
    }

    /// <summary>Writes a map.</summary>
    /// <exception cref="FileWriteException">The folder cannot be written, or the disk is full.</exception>
    public void Add(string key, CachedMap map)
    {
        var path = PathOf(key);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FileWriteException(path, e);
        }
        DurableFile.Write(path, Bytes(map));
        Written++;
    }

    /// <summary>Where the map of a name lies.</summary>
    internal string PathOf(string key) => Path.Combine(folder, key[..2], key + ".map");

    // Mark, side, score, values, and the SHA-256 of all that.
    private static byte[] Bytes(CachedMap cached)
    {
        var values = cached.Map.Values;
        var end = HeadBytes + values.Length * sizeof(float);
        var bytes = new byte[end + SHA256.HashSizeInBytes];
        Mark.CopyTo(bytes, 0);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), cached.Map.Side);
        BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(12), cached.Score);
        for (var i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(HeadBytes + i * sizeof(float)), values[i]);
        SHA256.HashData(bytes.AsSpan(0, end), bytes.AsSpan(end));
        return bytes;
    }

    private static CachedMap? Parse(byte[] bytes)
    {
        var end = bytes.Length - SHA256.HashSizeInBytes;
        if (end < HeadBytes || !bytes.AsSpan(0, 8).SequenceEqual(Mark)
            || !SHA256.HashData(bytes.AsSpan(0, end)).AsSpan().SequenceEqual(bytes.AsSpan(end)))
            return null;
        var side = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(8));
        var values = new float[(end - HeadBytes) / sizeof(float)];
        for (var i = 0; i < values.Length; i++)
            values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(HeadBytes + i * sizeof(float)));
        return side > 0 && (long)side * side == values.Length
            ? new CachedMap(new PatchMap(side, values), BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(12)))
            : null;
    }
}
