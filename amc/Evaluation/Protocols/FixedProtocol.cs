using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Protocols;

/// <summary>
/// The reference's game without its quirks: a pixel is right where its middle lies in the region, edges included. So
/// exactly the pixels that a region covers are hits: a box of w × h whole pixels has w·h of them, where the strict rule
/// has (w − 1)·(h − 1).
/// </summary>
internal sealed class FixedProtocol : IProtocol
{
    /// <inheritdoc/>
    public string Name => "fixed";

    /// <inheritdoc/>
    public string Rule => "middle of the first maximum's pixel in any region";

    /// <inheritdoc/>
    public bool IsHit(EvaluationSample sample, int x, int y) => PixelMask.Covers(sample.Regions, x, y);

    /// <inheritdoc/>
    public double Chance(EvaluationSample sample) => PixelMask.Of(sample).Share;
}
