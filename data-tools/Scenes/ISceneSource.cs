namespace AmcEngine.DataTools;

/// <summary>
/// Renders numbered scenes. A scene depends only on (seed, split, number), is the same on every machine to the last
/// pixel, and may be rendered from several threads at once.
/// </summary>
public interface ISceneSource
{
    /// <summary>Side of the square pictures in pixels.</summary>
    int Size { get; }

    /// <summary>Renders one scene.</summary>
    /// <param name="seed">Seed of the stream.</param>
    /// <param name="split">Which stream.</param>
    /// <param name="number">Number of the scene in the stream, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="number"/> is negative.</exception>
    Scene Render(ulong seed, SceneSplit split, long number);
}
