using System.Diagnostics;
using System.Globalization;
using AmcEngine.Amc.Runs;

namespace AmcEngine.Amc.Training;

/// <summary>A line every so many steps: for pipes, files and tests.</summary>
/// <param name="output">Where to write.</param>
/// <param name="every">Steps between two lines.</param>
internal sealed class PlainView(TextWriter output, int every) : ITrainingView
{
    private long _start;
    private int _first;
    private int _last;

    /// <inheritdoc/>
    public void Show(int firstStep, int lastStep, Action body)
    {
        (_first, _last, _start) = (firstStep, lastStep, Stopwatch.GetTimestamp());
        body();
    }

    /// <inheritdoc/>
    public void Step(StepRecord record)
    {
        if (record.Step % every != 0 && record.Step != _last)
            return;
        var elapsed = Stopwatch.GetElapsedTime(_start);
        var left = elapsed / (record.Step - _first) * (_last - record.Step);
        output.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"step {record.Step}/{_last}  {StepText.Losses(record)}  lr "
                + $"{record.LearningRate:0.0e0}  {record.Seconds:0.000} s/step  {StepText.Time(left)} left"));
    }

    /// <inheritdoc/>
    public void Say(string line) => output.WriteLine(line);
}
