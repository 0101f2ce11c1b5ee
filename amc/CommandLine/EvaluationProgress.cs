using System.Globalization;
using AmcEngine.Amc.Training;
using Spectre.Console;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Shows how far an evaluation is and how long it will still take.</summary>
/// <param name="output">Where lines go.</param>
/// <param name="isTerminal">Whether a bar may be redrawn in place of lines.</param>
/// <param name="clock">Tells the time; null takes the system's.</param>
internal sealed class EvaluationProgress(TextWriter output, bool isTerminal, TimeProvider? clock = null)
{
    /// <summary>Time between two lines: a short evaluation says nothing but its result.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromSeconds(20);

    private readonly TimeProvider _clock = clock ?? TimeProvider.System;

    /// <summary>Runs an evaluation.</summary>
    /// <param name="questions">How many questions there are.</param>
    /// <param name="known">How many have been answered before and take no time.</param>
    /// <param name="body">The evaluation; it tells how many questions are done.</param>
    public void Show(int questions, int known, Action<Action<int>> body)
    {
        if (isTerminal)
            Bar(questions, body);
        else
            Lines(questions, known, body);
    }

    private static void Bar(int questions, Action<Action<int>> body) => AnsiConsole.Progress()
        .AutoClear(true)
        .Columns(new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(),
            new TaskDescriptionColumn { Alignment = Justify.Left })
        .Start(context =>
        {
            var task = context.AddTask("questions", maxValue: Math.Max(1, questions));
            body(done =>
            {
                task.Value = done;
                task.Description = FormattableString.Invariant($"{done} of {questions} questions");
            });
        });

    private void Lines(int questions, int known, Action<Action<int>> body)
    {
        long start = _clock.GetTimestamp(), said = start;
        body(done =>
        {
            if (_clock.GetElapsedTime(said) < Quiet || done >= questions)
                return;
            said = _clock.GetTimestamp();
            // Known answers mostly stand at the beginning.
            var left = _clock.GetElapsedTime(start) / Math.Max(1, done - known) * (questions - done);
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"question {done}/{questions}  {StepText.Time(left)} left"));
        });
    }
}
