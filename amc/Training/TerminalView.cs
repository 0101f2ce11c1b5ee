using AmcEngine.Amc.Runs;
using Spectre.Console;

namespace AmcEngine.Amc.Training;

/// <summary>A progress bar with the loss and the remaining time, redrawn in place: for terminals.</summary>
internal sealed class TerminalView : ITrainingView
{
    private ProgressTask? _task;

    /// <inheritdoc/>
    public void Show(int firstStep, int lastStep, Action body) => AnsiConsole.Progress()
        .AutoClear(true)
        .Columns(new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(),
            new TaskDescriptionColumn { Alignment = Justify.Left })
        .Start(context =>
        {
            _task = context.AddTask("starting", maxValue: Math.Max(1, lastStep - firstStep));
            try
            {
                body();
            }
            finally
            {
                _task = null;
            }
        });

    /// <inheritdoc/>
    public void Step(StepRecord record)
    {
        _task?.Increment(1);
        // One loss only: a description that does not fit the line would break the bar in two.
        if (_task is not null)
            _task.Description = Markup.Escape(
                FormattableString.Invariant($"step {record.Step}, loss {record.Losses[0].Value:0.00}"));
    }

    /// <inheritdoc/>
    public void Say(string line) => AnsiConsole.WriteLine(line);
}
