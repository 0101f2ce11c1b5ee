namespace AmcEngine.DataTools;

/// <summary>The kinds of generated scenes, by name.</summary>
public static class SceneKinds
{
    /// <summary>Coloured shapes on textured backgrounds; needs no files.</summary>
    public const string Shapes = "scenes";

    /// <summary>Tinted Fashion-MNIST pictures on noise; needs Fashion-MNIST's files.</summary>
    public const string Fashion = "fashion-scenes";

    /// <summary>The kinds as data sets.</summary>
    public static IReadOnlyList<GeneratedDataset> Datasets { get; } =
    [
        new(Shapes, "coloured shapes", "generated", "free for any use", ShapePhrases.Words, [],
            (size, _) => new ShapeScenes(size)),
        new(Fashion, "tinted Fashion-MNIST", "generated from Fashion-MNIST (Debian's dataset-fashion-mnist)",
            "MIT (Fashion-MNIST)", FashionScenes.Words, FashionMnist.ClassNames,
            (size, folder) => new FashionScenes(size, folder), needsFiles: true),
    ];

    /// <summary>The names.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Datasets.Select(d => d.Name)];

    /// <summary>Creates the renderer of a kind.</summary>
    /// <param name="kind">One of <see cref="All"/>.</param>
    /// <param name="size">Side of the pictures in pixels.</param>
    /// <param name="fashionFolder">
    /// Folder of Fashion-MNIST's files; null looks where <see cref="FashionMnist.DefaultFolder"/> says.
    /// </param>
    /// <exception cref="DataException">The kind is unknown.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The size is too small for the kind.</exception>
    public static ISceneSource Create(string kind, int size = 64, string? fashionFolder = null) =>
        Find(kind).Create(size, fashionFolder);

    /// <summary>The data set of a kind.</summary>
    /// <exception cref="DataException">The kind is unknown.</exception>
    public static GeneratedDataset Find(string kind) => Datasets.FirstOrDefault(d => d.Name == kind)
        ?? throw new DataException($"unknown kind of scenes \"{kind}\"; use one of: {string.Join(", ", All)}.");
}
