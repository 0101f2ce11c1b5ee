using AmcEngine.Amc.Maps;

namespace AmcEngine.Amc.Evaluation.Explainers;

/// <summary>What a map is of.</summary>
internal enum MapPart
{
    /// <summary>The whole phrase, by the explained layer.</summary>
    Sentence,

    /// <summary>One word of it, by the explained layer.</summary>
    Word,

    /// <summary>The whole phrase, by another layer.</summary>
    Layer,
}

/// <summary>A map of a phrase or of a part of it.</summary>
/// <param name="Part">What it is of.</param>
/// <param name="Number">Which word, from 0; or which layer; 0 for the sentence.</param>
/// <param name="Label">The phrase, the word, or the layer as people read it.</param>
/// <param name="Map">The map.</param>
internal sealed record PartMap(MapPart Part, int Number, string Label, PatchMap Map);

/// <summary>The maps of a phrase.</summary>
/// <param name="Phrase">The phrase as it was asked.</param>
/// <param name="Score">How likely phrase and picture belong together, by the model.</param>
/// <param name="Maps">The sentence's map, and then those of words and layers that were asked for.</param>
internal sealed record PhraseMaps(string Phrase, double Score, IReadOnlyList<PartMap> Maps)
{
    /// <summary>The sentence's map.</summary>
    public PatchMap Sentence => Maps[0].Map;
}
