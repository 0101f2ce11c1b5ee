namespace AmcEngine.DataTools;

/// <summary>
/// Training samples by index. Implementations are safe to call from several threads, and every random choice comes only
/// from (seed, epoch, index), so that a resumed run sees the same samples.
/// </summary>
public interface IRegionDataset
{
    /// <summary>Samples in an epoch.</summary>
    int Count { get; }

    /// <summary>Side of the square pictures and masks, in pixels.</summary>
    int ImageSize { get; }

    /// <summary>Makes one sample.</summary>
    /// <param name="index">0 ≤ index &lt; <see cref="Count"/>.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="index"/> or <paramref name="epoch"/> is out of range.
    /// </exception>
    /// <exception cref="UnusableSampleException">
    /// The sample's picture or boxes are unusable; another is to take its place.
    /// </exception>
    /// <exception cref="DataException">
    /// Too many samples are unusable, or the options say to stop at the first.
    /// </exception>
    RegionSample Get(int index, ulong seed, int epoch);
}
