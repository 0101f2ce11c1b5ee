using AmcEngine.Amc.Evaluation.Metrics;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Protocols;

/// <summary>
/// How a pointing game is played: everything in which published evaluations differ in silence. docs/protocols.md shows
/// what each difference does.
/// </summary>
internal interface IProtocol
{
    /// <summary>Its name on the command line.</summary>
    string Name { get; }

    /// <summary>What counts as a hit, in words that end a description.</summary>
    string Rule { get; }

    /// <summary>Side of the model's square picture in pixels; null takes the configuration's.</summary>
    int? PictureSize => null;

    /// <summary>
    /// Whether the maps of all phrases of one entity are averaged and give one answer; else each phrase gives one.
    /// </summary>
    bool AveragesEntities => false;

    /// <summary>How maps choose among the boxes of a detector.</summary>
    DetectorRule Detector => DetectorRule.Sane;

    /// <summary>Whether boxes are ranked, and the recall among the best k reported (MDETR).</summary>
    bool RanksBoxes => false;

    /// <summary>What stands before each phrase as it is asked; it is no part of the phrase.</summary>
    string PhrasePrefix => "";

    /// <summary>The question as it is asked: phrase and regions; null where the protocol leaves it out.</summary>
    EvaluationSample? Prepare(EvaluationSample sample) => sample;

    /// <summary>Whether a pointed pixel is right.</summary>
    /// <param name="sample">The question as it is asked.</param>
    /// <param name="x">Column of the pixel, from 0.</param>
    /// <param name="y">Its row.</param>
    bool IsHit(EvaluationSample sample, int x, int y);

    /// <summary>How likely a pixel drawn at random is a hit.</summary>
    /// <param name="sample">The question as it is asked.</param>
    double Chance(EvaluationSample sample);

    /// <summary>Which split an answer counts to.</summary>
    /// <param name="own">What the data says; null where it says nothing.</param>
    /// <param name="path">The file that the question comes from.</param>
    string Split(string? own, string path) => own ?? Path.GetFileNameWithoutExtension(path);
}

/// <summary>How a map chooses among the boxes of a detector.</summary>
/// <param name="AreaPower">The heat in a box is divided by its area to this power.</param>
/// <param name="KeepsLastBox">
/// Whether the choice of the question before stands where no box has a positive score; else none is chosen, a miss.
/// </param>
/// <param name="Overlap">Intersection over union of the chosen and the true box.</param>
internal sealed record DetectorRule(double AreaPower, bool KeepsLastBox, Func<Box, Box, double> Overlap)
{
    /// <summary>Mean heat; no choice is a miss.</summary>
    public static DetectorRule Sane { get; } = new(1, false, BoxOverlap.Of);
}
