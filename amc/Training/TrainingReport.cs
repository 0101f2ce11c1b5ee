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
    private readonly Dictionary<int, PatchMap> _before;

    /// <summary>Remembers where the untrained model looks.</summary>
    /// <param name="session">A session before its first step, or before it is put back to a checkpoint.</param>
    public TrainingReport(TrainingSession session)
    {
        _session = session;
        _before = session.Test is { } test ? Explain(GridScenes.Candidates(test, session.Config.Integer("grid_scenes"))) : [];
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
        GridScene[] scenes = Scenes(after);
        if (scenes.Length == 0)
            return;
        string grid = Path.Combine(folder, GridFile);
        SceneGrid.Save(grid, scenes, new GridHeading(before, after, random, count));
        output.WriteLine($"where the model looks, before and after: {grid}");
    }

    private GridScene[] Scenes(double accuracy)
    {
        IEvaluationSet test = _session.Test!;
        Dictionary<int, PatchMap> after = Explain([.. _before.Keys.Order()]);
        (int Index, EvaluationSample Sample)[] candidates = [.. after.Keys.Order().Select(i => (i, test.Read(i, [SceneGrid.Picture])))];
        bool[] hits = [.. candidates.Select(c => after[c.Index].Peak(c.Sample.Width, c.Sample.Height) is { } p && PointingGame.IsHit(p.X, p.Y, c.Sample.Boxes))];
        return [.. GridScenes.Choose(hits, _session.Config.Integer("grid_scenes"), accuracy)
            .Select(i => candidates[i]).Select(c => new GridScene(c.Sample, _before[c.Index], after[c.Index]))];
    }

    private Dictionary<int, PatchMap> Explain(IReadOnlyList<int> questions) =>
        GridScenes.Explain(_session.Explainer, _session.Test!, questions, _session.Config.Integer("eval_batch"));
}
