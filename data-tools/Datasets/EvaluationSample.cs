namespace AmcEngine.DataTools;

/// <summary>One question of the pointing game (specification 7): where in the picture is the phrase?</summary>
/// <param name="Picture">The picture at its own size.</param>
/// <param name="Caption">The cleaned phrase.</param>
/// <param name="Boxes">The boxes of the phrase, in pixels of the picture; a point strictly inside any of them is right.</param>
public sealed record EvaluationSample(RgbImage Picture, string Caption, IReadOnlyList<Box> Boxes);
