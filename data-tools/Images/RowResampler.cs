using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AmcEngine.DataTools;

/// <summary>
/// Resizes 8-bit pixels that come row by row, from top to bottom, so that a picture need not lie in memory as a whole.
/// </summary>
internal abstract class RowResampler
{
    /// <summary>A resize of pictures with three channels.</summary>
    public static RowResampler Create(Resampling rule, int width, int height, int newWidth, int newHeight) =>
        rule == Resampling.Bicubic
            ? BicubicResampler.Create(width, height, RgbImage.Channels, newWidth, newHeight)
            : BilinearResampler.Create(width, height, RgbImage.Channels, newWidth, newHeight);

    /// <summary>The new picture, complete once all rows were pushed: new height × new width × channels bytes.</summary>
    public abstract byte[] Result { get; }

    /// <summary>Takes the next rows.</summary>
    /// <param name="rows">One or more whole rows.</param>
    public abstract void Push(ReadOnlySpan<byte> rows);

    /// <summary>Writes eight numbers from 0 to 255 as bytes.</summary>
    protected static void StoreLevels(Vector256<int> levels, ref byte target)
    {
        var words = Vector128.Narrow(levels.GetLower(), levels.GetUpper()).AsUInt16();
        Unsafe.WriteUnaligned(ref target, Vector128.Narrow(words, words).AsUInt64().ToScalar());
    }
}

/// <summary>Rows of a size that is wanted already.</summary>
/// <param name="length">Bytes of the picture.</param>
internal sealed class RowCopy(int length) : RowResampler
{
    private int _done;

    /// <inheritdoc/>
    public override byte[] Result { get; } = new byte[length];

    /// <inheritdoc/>
    public override void Push(ReadOnlySpan<byte> rows)
    {
        rows.CopyTo(Result.AsSpan(_done));
        _done += rows.Length;
    }
}
