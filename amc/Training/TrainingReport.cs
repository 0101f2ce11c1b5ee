using AmcEngine.Amc.Drawing;
using AmcEngine.Amc.Evaluation;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Training;

/// <summary>Shows what a run has learned: test scenes before and after, and the curves.</summary>
internal sealed class TrainingReport
{
    private const string GridFile = "grid.png";
    private const string CurvesFile = "curves.png";

    private readonly TrainingSession _session;
    private readonly EvaluationSample[] _scenes;
    private readonly Heatmap[] _before;

    /// <summary>Remembers where the untrained model looks.</summary>
    /// <param name="session">A session before its first step, or before it is put back to a checkpoint.</param>
    public TrainingReport(TrainingSession session)
    {
        _session = session;
        int count = session.Test is { } test ? Math.Min(test.Count, session.Config.Integer("grid_scenes")) : 0;
        _scenes = [.. Enumerable.Range(0, count).Select(i => session.Test![i])];
        _before = count == 0 ? [] : session.Explainer.Explain(_scenes);
    }

    /// <summary>Draws the pictures and says how accuracy changed.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="output">Where to say it.</param>
    public void Write(string folder, TextWriter output)
    {
        (List<StepRecord> steps, List<(int Step, double Accuracy, double Random)> evaluations) = TrainingLog.Read(folder);
        double[] numbers = [.. steps.Select(s => (double)s.Step)];
        Curve[] losses = steps.Count == 0 ? [] : [.. steps[0].Losses.Select((l, i) => new Curve(l.Name, numbers, [.. steps.Select(s => s.Losses[i].Value)]))];
        Curve? accuracy = evaluations.Count == 0 ? null : new Curve("the model", [.. evaluations.Select(e => (double)e.Step)], [.. evaluations.Select(e => e.Accuracy)]);
        if (evaluations.Count > 0)
            WriteAccuracy(folder, output, evaluations[0].Accuracy, evaluations[^1].Accuracy, evaluations[^1].Random);
        string curves = Path.Combine(folder, CurvesFile);
        CurvePlot.Save(curves, losses, accuracy, evaluations.Count == 0 ? 0 : evaluations[0].Random);
        output.WriteLine($"losses and accuracy by step: {curves}");
        output.WriteLine($"log: {Path.Combine(folder, TrainingLog.FileName)}");
        output.WriteLine($"checkpoint: {CheckpointLayout.Last(folder)}");
    }

    private void WriteAccuracy(string folder, TextWriter output, double before, double after, double random)
    {
        int count = _session.Test!.Count;
        output.WriteLine(FormattableString.Invariant(
            $"pointing accuracy on {count} test samples: {100 * before:0.0} % before, {100 * after:0.0} % after training; a random point {100 * random:0.0} %"));
        if (_scenes.Length == 0)
            return;
        Heatmap[] maps = _session.Explainer.Explain(_scenes);
        string grid = Path.Combine(folder, GridFile);
        SceneGrid.Save(grid, [.. _scenes.Select((s, i) => new GridScene(s, _before[i], maps[i]))], new GridHeading(before, after, random, count));
        output.WriteLine($"where the model looks, before and after: {grid}");
    }
}
