namespace AmcEngine.DataTools;

/// <summary>The words of generated scenes, from which a small tokenizer vocabulary is built.</summary>
public static class SceneVocabulary
{
    /// <summary>Every word that a cleaned phrase of the kind can hold, in a fixed order, each once.</summary>
    /// <param name="kind">One of <see cref="SceneKinds.All"/>.</param>
    /// <exception cref="DataException">The kind is unknown.</exception>
    public static IReadOnlyList<string> Words(string kind) => SceneKinds.Find(kind).Words;

    /// <summary>
    /// Every word that a cleaned paraphrase of the kind can hold beside those of <see cref="Words"/>, in a fixed order,
    /// each once. Apart from them, so that vocabularies of runs without paraphrases stay what they are.
    /// </summary>
    /// <param name="kind">One of <see cref="SceneKinds.All"/>.</param>
    /// <exception cref="DataException">The kind is unknown.</exception>
    public static IReadOnlyList<string> ParaphraseWords(string kind) => SceneKinds.Find(kind).ParaphraseWords;
}
