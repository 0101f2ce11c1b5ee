namespace AmcEngine.Files.Pickle;

/// <summary>A run of bytes that may still lie in a file.</summary>
public interface IByteRange
{
    /// <summary>Bytes available.</summary>
    long Length { get; }

    /// <summary>
    /// Fills <paramref name="destination"/> from byte <paramref name="offset"/> on; the range lies inside.
    /// </summary>
    void Read(long offset, Span<byte> destination);
}
