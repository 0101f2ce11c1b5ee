using AmcEngine.Amc.Runs;

namespace AmcEngine.Amc.Training;

/// <summary>Steps as text.</summary>
internal static class StepText
{
    /// <summary>The losses in one line.</summary>
    public static string Losses(StepRecord record) =>
        string.Join("  ", record.Losses.Select(l => FormattableString.Invariant($"{l.Name} {l.Value:0.000}")));

    /// <summary>A span of time, such as 1:05.</summary>
    public static string Time(TimeSpan time) =>
        time.TotalHours >= 1
            ? $"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}"
            : $"{time.Minutes}:{time.Seconds:00}";
}
