using System.Globalization;
using AmcEngine.Amc.Configuration;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Data;

/// <summary>How training data gets to the model: settings that change its pace, and not what is learned.</summary>
internal static class InputSettings
{
    /// <summary>Threads that make samples.</summary>
    public static int Workers(RunConfig config) => config.OptionalInteger("workers") ?? PrefetchThreads.Auto;

    /// <summary>One line for people.</summary>
    public static string Describe(RunConfig config)
    {
        var workers = Workers(config);
        return string.Create(CultureInfo.InvariantCulture,
            $"data: {workers} {(workers == 1 ? "thread makes" : "threads make")} samples ahead");
    }
}
