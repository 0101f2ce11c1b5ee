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
public readonly record struct RandomKey(ulong Seed, uint Op, uint Step);
