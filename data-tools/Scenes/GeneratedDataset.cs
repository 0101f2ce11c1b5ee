namespace AmcEngine.DataTools;

/// <summary>A data set whose scenes are generated.</summary>
/// <param name="name">Its name in configurations and on the command line.</param>
/// <param name="title">Its name for people.</param>
/// <param name="home">What it is made of.</param>
/// <param name="licence">What may be done with it.</param>
/// <param name="words">Every word of its cleaned phrases, each once.</param>
/// <param name="compounds">Names of several words that its phrases hold.</param>
/// <param name="create">Side of the pictures, folder of the files that it needs → renderer.</param>
/// <param name="needsFiles">Whether it is made of files of its own.</param>
public sealed class GeneratedDataset(
    string name, string title, string home, string licence, IReadOnlyList<string> words,
    IReadOnlyList<string> compounds, Func<int, string?, ISceneSource> create, bool needsFiles = false) : Dataset
{
    /// <inheritdoc/>
    public override string Name => name;

    /// <inheritdoc/>
    public override string Title => title;

    /// <inheritdoc/>
    public override string Home => home;

    /// <inheritdoc/>
    public override string Licence => licence;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Splits { get; } = ["train", "test"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Words => words;

    /// <summary>Whether it is made of files of its own, in a folder that may be named.</summary>
    public bool NeedsFiles => needsFiles;

    /// <summary>
    /// Words that paraphrases add to <see cref="Words"/>, each once; apart from them, so that vocabularies without
    /// paraphrases stay what they are.
    /// </summary>
    public IReadOnlyList<string> ParaphraseWords => ScenePhrasebook.NewWords(words, compounds);

    /// <summary>Creates the renderer.</summary>
    /// <param name="size">Side of the pictures in pixels.</param>
    /// <param name="folder">Folder of the files that it needs; null looks in the usual place.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is too small.</exception>
    /// <exception cref="DataException">The files are missing.</exception>
    public ISceneSource Create(int size, string? folder) => create(size, folder);
}
