namespace AmcEngine.Backends;

/// <summary>
/// Key of one stream of random numbers: Philox 4x32-10 with key (low, high word of <paramref name="Seed"/>) and
/// counter (low, high word of the block number, <paramref name="Op"/>, <paramref name="Step"/>). Element e of a tensor
/// takes word e mod 4 of block e div 4, and u = (word &gt;&gt; 8)·2⁻²⁴ in [0, 1), in f32 and f64 alike. So dropout
/// masks replay in a second pass and after a resume, on every device.
/// </summary>
/// <param name="Seed">Seed of the run.</param>
/// <param name="Op">Which random op of the step.</param>
/// <param name="Step">Which step.</param>
public readonly record struct RandomKey(ulong Seed, uint Op, uint Step)
{
    /// <summary>
    /// Which rows of a larger tensor the tensor holds; all of them by default. Dropout numbers its elements as they
    /// are numbered there, so that a row has the same mask in whatever part of a batch it is computed.
    /// </summary>
    public RowRange Rows { get; init; }

    /// <summary>Number of the first element of a tensor that has so many.</summary>
    internal long First(long count) => Rows.Count == 0 ? 0 : count / Rows.Count * Rows.First;
}

/// <summary>Some rows in a row.</summary>
/// <param name="First">The first one.</param>
/// <param name="Count">How many; 0 stands for all.</param>
public readonly record struct RowRange(int First, int Count);
