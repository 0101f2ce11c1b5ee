namespace AmcEngine.DataTools;

/// <summary>The kinds of generated scenes, by name.</summary>
public static class SceneKinds
{
    /// <summary>Coloured shapes on textured backgrounds; needs no files.</summary>
    public const string Shapes = "scenes";

    /// <summary>Tinted Fashion-MNIST pictures on noise; needs Fashion-MNIST's files.</summary>
    public const string Fashion = "fashion-scenes";

    /// <summary>The names.</summary>
    public static IReadOnlyList<string> All { get; } = [Shapes, Fashion];

    /// <summary>Creates the renderer of a kind.</summary>
    /// <param name="kind">One of <see cref="All"/>.</param>
    /// <param name="size">Side of the pictures in pixels.</param>
    /// <param name="fashionFolder">Folder of Fashion-MNIST's files; null looks where <see cref="FashionMnist.DefaultFolder"/> says.</param>
    /// <exception cref="DataException">The kind is unknown.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The size is too small for the kind.</exception>
    public static ISceneSource Create(string kind, int size = 64, string? fashionFolder = null) => kind switch
    {
        Shapes => new ShapeScenes(size),
        Fashion => new FashionScenes(size, fashionFolder),
        _ => throw Unknown(kind),
    };

    internal static DataException Unknown(string kind) =>
        new($"unknown kind of scenes \"{kind}\"; use one of: {string.Join(", ", All)}.");
}
