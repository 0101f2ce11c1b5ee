using System.Security.Cryptography;
using AmcEngine.Amc.Configuration;

namespace AmcEngine.Amc.Runs;

/// <summary>An annotation file as a run has read it.</summary>
/// <param name="File">Its full path.</param>
/// <param name="Sha256">Hash of its bytes.</param>
internal sealed record DataFile(string File, string Sha256);

/// <summary>What tells the training data of a run from other data: not where it lies, but what it holds.</summary>
/// <param name="Samples">Training samples.</param>
/// <param name="Files">The annotation files in their order.</param>
internal sealed record DataIdentity(int Samples, IReadOnlyList<DataFile> Files)
{
    /// <summary>
    /// The data of a configuration; null where it is generated, which seed and counts of the configuration describe.
    /// </summary>
    public static DataIdentity? Of(RunConfig config, int samples) => config.IsGenerated
        ? null
        : new DataIdentity(
            samples, [.. config.TrainFiles.Select(f => new DataFile(ConfigPaths.Full(f)!, Hash(f)))]);

    /// <summary>Checks that a run goes on with the data that it began with.</summary>
    /// <param name="now">The data of today.</param>
    /// <param name="checkpoint">Names the run.</param>
    /// <exception cref="ConfigException">A file holds something else, or there are others.</exception>
    public void RequireSame(DataIdentity now, string checkpoint)
    {
        if (now.Files.Count != Files.Count)
            throw new ConfigException($"{checkpoint}: began with {Files.Count} annotation files in train_file, "
                + $"now there are {now.Files.Count}; resume with {string.Join(", ", Files.Select(f => f.File))}");
        foreach ((var before, var after) in Files.Zip(now.Files))
        {
            if (before.Sha256 != after.Sha256)
                throw new ConfigException($"{after.File}: train_file has changed since the run began (SHA-256 "
                    + $"{before.Sha256[..12]}… with {Samples} samples in all there, {after.Sha256[..12]}… with "
                    + $"{now.Samples} here); resume with the data that the run began with");
        }
        if (now.Samples != Samples)
            throw new ConfigException(
                $"{string.Join(", ", now.Files.Select(f => f.File))}: gives {now.Samples} training samples, "
                    + $"{Samples} when the run began; resume with the data and settings that the run began with");
    }

    private static string Hash(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
