using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Protocols;

/// <summary>
/// Recall as MDETR (Kamath et al. 2021) measures it, for a map: the proposed boxes of the picture are ranked by the
/// mean heat in them, and a phrase is found at k where one of the best k has an IoU of at least 0.5 with any of its
/// boxes (ANY-BOX) or with the box around all of them (MERGED-BOXES). Without proposals the only box is that of the map
/// itself. The pointing accuracy beside it is that of <see cref="FixedProtocol"/>.
/// </summary>
internal sealed class MdetrProtocol : IProtocol
{
    private readonly FixedProtocol _points = new();

    /// <inheritdoc/>
    public string Name => "mdetr";

    /// <inheritdoc/>
    public string Rule => _points.Rule + "; boxes ranked by mean heat, found from an IoU of 0.5 on";

    /// <inheritdoc/>
    public bool RanksBoxes => true;

    /// <inheritdoc/>
    public bool IsHit(EvaluationSample sample, int x, int y) => _points.IsHit(sample, x, y);

    /// <inheritdoc/>
    public double Chance(EvaluationSample sample) => _points.Chance(sample);
}
