using AmcEngine.Backends.Gpu.Host;

namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>The kernels of a matmul.</summary>
internal enum GemmVariant
{
    /// <summary><see cref="GemmDirectKernel{T, R, TransA, TransB, TActivation}"/></summary>
    Direct,

    /// <summary><see cref="GemmSlimKernel{T, R, TransA, TransB, TVector, TActivation}"/></summary>
    Slim,

    /// <summary><see cref="GemmTile64Kernel{T, R, TransA, TransB, TVector, TActivation}"/></summary>
    Tile64,

    /// <summary><see cref="GemmTile128Kernel{TransA, TransB, TVector, TActivation}"/>; f32 only.</summary>
    Tile128,
}

/// <summary>How a product is computed.</summary>
/// <param name="Variant">Its kernel.</param>
/// <param name="Splits">
/// Parts that K is cut into; more than 1 costs a second kernel, and scratch. Not with <see cref="GemmVariant.Direct"/>.
/// </param>
/// <param name="Vector">Whether operands that lie for it may be read 16 bytes at a time.</param>
internal readonly record struct GemmPlan(GemmVariant Variant, int Splits = 1, bool Vector = true)
{
    // Each part of K is a multiple of this: whole tiles of every kernel, and 16-byte aligned.
    private const int Grain = 64;

    // Parts shorter than this spend their time starting and ending.
    private const int ShortestPart = 128;

    private const int MostSplits = 64;
    private const long MostScratch = 16L << 20;

    // Multiply-adds of a multiprocessor a clock in f32.
    private const double Rate = 128;

    // Clocks of a second launch, and bytes a clock between the kernels (through the second-level cache).
    private const double ReduceClocks = 5000;
    private const double ReduceBytes = 1500;

    /// <summary>Steps of k in each part.</summary>
    public int Chunk(int k) =>
        Splits <= 1 || k == 0 ? Math.Max(1, k) : ((k + Splits - 1) / Splits + Grain - 1) / Grain * Grain;

    /// <summary>The quickest way for a shape; the same for the same shape and device, so that results repeat.</summary>
    public static GemmPlan Choose(KernelTarget target, int multiprocessors, bool wide, int m, int n, int k, int entries)
    {
        // On a processor caches share the operands, while each barrier saves and restores the registers of all lanes.
        // Measured with PoCL on two busy cores, direct against 64×64 tiles, GFLOP/s: 2080×96×384 NT 7 and 8,
        // 2080×384×96 NN 25 and 12, 96×384×2080 TN 20 and 9, 400 of 17×17×24 NT 6 and 0.3.
        if (target != KernelTarget.Gpu) return new GemmPlan(GemmVariant.Direct);
        // A tile would be mostly empty, and there is too little k to cut.
        if (m <= 32 && n <= 32 && k <= 64) return new GemmPlan(GemmVariant.Direct);
        if (m <= 16) return Splitting(GemmVariant.Slim, multiprocessors, m, n, k, entries).Plan;
        var small = Splitting(GemmVariant.Tile64, multiprocessors, m, n, k, entries);
        if (wide) return small.Plan;
        var large = Splitting(GemmVariant.Tile128, multiprocessors, m, n, k, entries);
        return large.Clocks <= small.Clocks ? large.Plan : small.Plan;
    }

    /// <summary>Rows and columns of a variant's tile.</summary>
    public static (int Rows, int Columns) Tile(GemmVariant variant) => variant switch
    {
        GemmVariant.Direct => (4, 4),
        GemmVariant.Slim => (16, 64),
        GemmVariant.Tile64 => (64, 64),
        _ => (128, 128),
    };

    // The best number of splits by a model: the busiest multiprocessor's tiles at the variant's share of the peak, a
    // lone group slower, and what the reduction costs. Shares by instruction counts: 4×4 a lane is bound by shared
    // memory, 8×8 by arithmetic, slim by loads.
    private static (GemmPlan Plan, double Clocks) Splitting(
        GemmVariant variant, int multiprocessors, int m, int n, int k, int entries)
    {
        var (rows, columns) = Tile(variant);
        var (share, groupsToFill) = variant switch
        {
            GemmVariant.Slim => (0.3, 3.0),
            GemmVariant.Tile64 => (0.65, 2.5),
            _ => (0.9, 1.5),
        };
        var groups = (double)((m + rows - 1) / rows) * ((n + columns - 1) / columns) * entries;
        var best = (Plan: new GemmPlan(variant), Clocks: double.PositiveInfinity);
        for (var splits = 1; splits <= MostSplits; splits *= 2)
        {
            var outputs = (double)m * n * entries * splits;
            if (splits > 1 && (k < splits * ShortestPart || outputs > MostScratch)) break;
            var work = rows * columns * ((double)k / splits) / (Rate * share);
            var clocks = Math.Max(Math.Ceiling(groups * splits / Math.Max(1, multiprocessors)), groupsToFill) * work;
            if (splits > 1) clocks += ReduceClocks + 8 * outputs / ReduceBytes;
            if (clocks < best.Clocks) best = (new GemmPlan(variant, splits), clocks);
        }
        return best;
    }
}
