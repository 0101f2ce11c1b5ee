using System.Globalization;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Ranks;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Data;

/// <summary>How training data gets to the model.</summary>
internal static class InputSettings
{
    /// <summary>Threads that make samples.</summary>
    public static int Workers(RunConfig config) => config.OptionalInteger("workers") ?? PrefetchThreads.Auto;

    /// <summary>The same for one of several ranks, which share the processors of their machine.</summary>
    public static int Workers(RunConfig config, Job job) => config.OptionalInteger("workers")
        ?? (job.IsAlone ? PrefetchThreads.Auto : Math.Min(PrefetchThreads.Auto, job.Place.Processors));

    /// <summary>How training pictures are read: as all pictures, and by a shorter way where that is wanted.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="warn">Told in one line about a cache that is full or damaged.</param>
    /// <exception cref="DataException">The cache's folder cannot be used.</exception>
    public static PictureOptions Pictures(RunConfig config, Action<string>? warn) => PictureSettings.Of(config) with
    {
        FastDecode = config.Truth("fast_decode"),
        Cache = Cache(config) is { } folder ? PictureCache.Open(folder, CacheBytes(config), warn) : null,
    };

    /// <summary>One line for people.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="workers">Threads that make samples.</param>
    public static string Describe(RunConfig config, int workers)
    {
        var cache = config.IsGenerated || Cache(config) is not { } folder ? "" : string.Create(
            CultureInfo.InvariantCulture, $", cache {folder} of at most {config.Real("cache_size")} GiB");
        return string.Create(CultureInfo.InvariantCulture,
            $"data: {workers} {(workers == 1 ? "thread makes" : "threads make")} samples ahead{cache}");
    }

    private static string? Cache(RunConfig config) =>
        config.OptionalText("cache") is { Length: > 0 } folder ? folder : null;

    private static long CacheBytes(RunConfig config) => (long)(config.Real("cache_size") * (1L << 30));
}
