using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Protocols;

/// <summary>
/// The protocol of "what is where by looking" (Shaharabany et al. 2022) and the works before it (Arbelle et al. 2021):
/// pictures of 224 pixels; one question an entity, the mean map of all its phrases, each behind "image of"; the target
/// is the one box around all of its boxes, edges included; entities whose first box has at most 5 % of the picture are
/// left out.
/// </summary>
internal sealed class WwblProtocol : IProtocol
{
    /// <summary>What stands before each phrase.</summary>
    public const string Prefix = "image of ";

    /// <summary>Entities whose first box is no larger a share of the picture are left out.</summary>
    public const double LeastShare = 0.05;

    /// <inheritdoc/>
    public string Name => "wwbl";

    /// <inheritdoc/>
    public string Rule =>
        "maps of an entity's phrases averaged, first maximum in or on the box around all of its boxes, "
            + "first boxes of at most 5 % left out";

    /// <inheritdoc/>
    public int? PictureSize => 224;

    /// <inheritdoc/>
    public bool AveragesEntities => true;

    /// <inheritdoc/>
    public string PhrasePrefix => Prefix;

    /// <inheritdoc/>
    public EvaluationSample? Prepare(EvaluationSample sample)
    {
        if (sample.Boxes[0].Area <= LeastShare * sample.Width * sample.Height)
            return null;
        return sample with { Caption = Prefix + sample.Caption, Regions = [Box.Around(sample.Boxes)] };
    }

    /// <inheritdoc/>
    public bool IsHit(EvaluationSample sample, int x, int y) =>
        Box.Around(sample.Boxes).Contains(x, y, Edges.Inclusive);

    /// <inheritdoc/>
    public double Chance(EvaluationSample sample)
    {
        var box = Box.Around(sample.Boxes);
        return Pixels(box.X1, box.X2, sample.Width) * Pixels(box.Y1, box.Y2, sample.Height)
            / ((double)sample.Width * sample.Height);
    }

    // Whole numbers from one edge to the other, both included, in a picture.
    private static double Pixels(double from, double to, int size) =>
        Math.Max(0, Math.Min(Math.Floor(to), size - 1) - Math.Max(Math.Ceiling(from), 0) + 1);
}
