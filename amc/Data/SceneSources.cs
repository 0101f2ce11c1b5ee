using AmcEngine.Amc.Configuration;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Data;

/// <summary>Opens scene renderers on behalf of a user's numbers.</summary>
internal static class SceneSources
{
    /// <summary>A renderer.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="size">Side of the pictures.</param>
    /// <param name="folder">Folder of Fashion-MNIST's files, or null.</param>
    /// <param name="name">What the user calls the size.</param>
    /// <exception cref="ConfigException">The size is too small for the kind.</exception>
    public static ISceneSource Create(string kind, int size, string? folder, string name)
    {
        try
        {
            return SceneKinds.Create(kind, size, folder);
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new ConfigException($"{name} {size}: too small for {kind}; use 64 or more", e);
        }
    }
}
