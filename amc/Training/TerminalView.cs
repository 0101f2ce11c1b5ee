using Spectre.Console;

namespace AmcEngine.Amc.Training;

/// <summary>A progress bar with losses and remaining time, redrawn in place: for terminals.</summary>
internal sealed class TerminalView : ITrainingView
{
    private ProgressTask? _task;

    /// <inheritdoc/>
    public void Show(int firstStep, int lastStep, Action body) => AnsiConsole.Progress()
        .AutoClear(true)
        .Columns(new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
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
        if (_task is not null)
            _task.Description = Markup.Escape($"step {record.Step}  {StepText.Losses(record)}");
    }

    /// <inheritdoc/>
    public void Say(string line) => AnsiConsole.WriteLine(line);
}
