using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Protocols;

/// <summary>
/// The pointing game of TorchRay (Fong et al. 2019; rule of Zhang et al. 2016): right is a point that has a pixel of
/// the region less than 15 pixels away, in the picture's own size. Maps of patches are coarse; this forgives a miss by
/// a patch.
/// </summary>
internal sealed class TorchRayProtocol : IProtocol
{
    /// <summary>Pixels; a distance of just so many is a miss.</summary>
    public const int Tolerance = 15;

    /// <inheritdoc/>
    public string Name => "torchray";

    /// <inheritdoc/>
    public string Rule => "first maximum less than 15 pixels from a pixel of any region";

    /// <inheritdoc/>
    public bool IsHit(EvaluationSample sample, int x, int y)
    {
        for (var dy = 1 - Tolerance; dy < Tolerance; dy++)
        {
            for (var dx = 1 - Tolerance; dx < Tolerance; dx++)
            {
                int u = x + dx, v = y + dy;
                if (dx * dx + dy * dy < Tolerance * Tolerance && u >= 0 && v >= 0 && u < sample.Width
                    && v < sample.Height
                    && PixelMask.Covers(sample.Regions, u, v))
                    return true;
            }
        }
        return false;
    }

    /// <inheritdoc/>
    public double Chance(EvaluationSample sample) => PixelMask.Of(sample).Within(Tolerance).Share;
}
