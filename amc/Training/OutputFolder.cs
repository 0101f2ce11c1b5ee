using AmcEngine.Amc.Configuration;

namespace AmcEngine.Amc.Training;

/// <summary>The folder that a run writes to.</summary>
internal static class OutputFolder
{
    /// <summary>Makes the folder and tries it, so that an unwritable one is found before any work is done.</summary>
    /// <exception cref="ConfigException">The folder cannot be written.</exception>
    public static void Prepare(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            string probe = Path.Combine(folder, $".probe-{Guid.NewGuid():N}");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException($"{folder}: the output folder cannot be written ({e.Message.TrimEnd('.')}); choose another with --output", e);
        }
    }
}
