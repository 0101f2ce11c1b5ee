using System.Globalization;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Models;
using AmcEngine.Amc.Ranks;
using AmcEngine.Amc.Training;
using AmcEngine.Backends;

namespace AmcEngine.Amc.CommandLine;

/// <summary>What the ranks of a job must have in common, so that together they are one process.</summary>
internal static class JobSettings
{
    /// <summary>Refuses ranks with different programs, configurations or arguments.</summary>
    /// <param name="job">The ranks.</param>
    /// <param name="config">This rank's configuration; where its files lie may differ.</param>
    /// <param name="arguments">Arguments that count, by name.</param>
    /// <exception cref="ConfigException">Something differs; the message names the first key.</exception>
    public static void RequireSame(Job job, RunConfig config, IReadOnlyDictionary<string, string?> arguments)
    {
        if (job.IsAlone)
            return;
        var all = config.Flatten().Where(k => !ConfigPaths.Contains(k.Key)).Concat(arguments)
            .ToDictionary(StringComparer.Ordinal);
        all["amcx (build)"] = $"{typeof(JobSettings).Module.ModuleVersionId}";
        job.RequireSame(all, "start all ranks with the same program, configuration and arguments");
    }

    /// <summary>Refuses a batch that the ranks cannot share equally.</summary>
    /// <exception cref="ConfigException">It is none.</exception>
    public static void RequireShares(Job job, RunConfig config)
    {
        // A rank that has one pair alone takes its negatives from those of all ranks, or has none.
        var key = ModelRegistry.Find(config.Model).NegativesKey;
        var smallest = config.Text(key) == "global" ? 1 : 2;
        var least = smallest * job.Size;
        if (job.IsAlone || (config.BatchSize % job.Size == 0 && config.BatchSize >= least))
            return;
        var below = config.BatchSize / job.Size * job.Size;
        var near = string.Join(" or ", new[] { below, below + job.Size }.Where(b => b >= least).DefaultIfEmpty(least)
            .Select(b => b.ToString(CultureInfo.InvariantCulture)));
        var each = string.Create(
            CultureInfo.InvariantCulture, $"{smallest} at least on each{(smallest == 1 ? "" : $" with {key}: local")}");
        throw job.Common(ConfigRules.Wrong(config, string.Create(CultureInfo.InvariantCulture,
            $"batch_size: {config.BatchSize} pairs of a batch cannot be shared equally by {job.Size} ranks, {each}; "
                + $"set it to {near}, or start another number of ranks")));
    }

    /// <summary>Refuses ranks whose data differ, wherever they lie.</summary>
    /// <exception cref="ConfigException">Something differs; the message names the first thing.</exception>
    public static void RequireSameData(Job job, TrainingSession session)
    {
        if (job.IsAlone)
            return;
        var all = new Dictionary<string, string?>
        {
            ["training samples"] = $"{session.Train.Count}",
            ["test questions"] = $"{session.Test?.Count}",
        };
        foreach ((var file, var number) in (session.Data?.Files ?? []).Select((f, i) => (f, i + 1)))
            all[$"SHA-256 of annotation file {number} in train_file"] = file.Sha256;
        job.RequireSame(all, "bring the same data to all ranks");
    }

    /// <summary>Refuses ranks that compute by different kernels, whose weights would drift apart.</summary>
    /// <exception cref="ConfigException">They do.</exception>
    public static void RequireSameKernels(Job job, IBackend backend) => job.RequireSame(
        new Dictionary<string, string?>
        {
            ["device"] = backend.Device.Id.Split(':')[0],
            // A processor's details begin with its instruction set and end with its threads, which may differ.
            ["instruction set"] = backend.Device.IsProcessor ? backend.Device.Details.Split(", ")[0] : null,
        },
        "give all ranks --device, or AMCX_SIMD, that all machines have");
}
