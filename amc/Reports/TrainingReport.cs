using AmcEngine.Amc.Drawing;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Evaluation.Protocols;
using AmcEngine.Amc.Evaluation.Results;
using AmcEngine.Amc.Evaluation.Statistics;
using AmcEngine.Amc.Maps;
using AmcEngine.Amc.Reports.Page;
using AmcEngine.Amc.Runs;
using AmcEngine.Amc.Runs.TensorBoard;
using AmcEngine.Amc.Training;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Reports;

/// <summary>Shows what a run has learned: test scenes before and after, and the curves.</summary>
internal sealed class TrainingReport
{
    private readonly TrainingSession _session;
    private readonly CaseSample _answers = new();
    private readonly EvaluationSummary _summary = new(new Bootstrap());

    /// <summary>Remembers where the model looks before its first step.</summary>
    /// <param name="session">
    /// A session before its first step, or with the maps of a checkpoint; it remembers them too.
    /// </param>
    public TrainingReport(TrainingSession session)
    {
        _session = session;
        if (session.Test is { } test)
            session.FirstMaps ??= new FirstMaps(test, Explain(GridScenes.Candidates(test, Shown)));
    }

    /// <summary>Keeps an answer of the last evaluation for the page.</summary>
    public void Keep(PointingAnswer answer)
    {
        _answers.Add(answer);
        _summary.Add(answer);
    }

    /// <summary>
    /// What judges the answers of the last evaluation as those of all others, and says which parts they belong to.
    /// </summary>
    public static AnswerJudge Judge() => new(ProtocolRegistry.Default, MeasureChoice.None);

    /// <summary>Draws the pictures and the page, and says how accuracy changed.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="output">Where to say it.</param>
    /// <param name="warn">Told of lines of the log that cannot be read.</param>
    /// <param name="events">Gets the pictures; null for none.</param>
    public void Write(string folder, TextWriter output, Action<string> warn, EventFile? events = null)
    {
        (var steps, var evaluations) = TrainingLogReader.Read(folder, warn);
        Curve[] losses = steps.Count == 0 ? [] : [.. steps[0].Losses.Select(l => Loss(l.Name, steps))];
        var accuracy = evaluations.Count == 0 ? null : new Curve(
            "the model", [.. evaluations.Select(e => (double)e.Step)], [.. evaluations.Select(e => e.Accuracy)]);
        var before = Before(evaluations);
        if (evaluations.Count > 0)
            WriteAccuracy(folder, output, before, evaluations[^1], events);
        var curves = Path.Combine(folder, CheckpointLayout.Curves);
        CurvePlot.Save(curves, losses, accuracy, evaluations.Count == 0 ? 0 : evaluations[0].Random);
        output.WriteLine($"losses and accuracy by step: {curves}");
        AskAgain();
        WritePage(folder, output, TrainingPage.Of(
            Path.GetFileName(Path.GetFullPath(folder)), _session.Config, steps, evaluations, before, _summary));
        output.WriteLine($"log: {Path.Combine(folder, TrainingLog.FileName)}");
        output.WriteLine($"checkpoint: {CheckpointLayout.Last(folder)}");
    }

    private static Curve Loss(string name, List<StepRecord> steps)
    {
        (int Step, double Value)[] points =
            [.. steps.SelectMany(s => s.Losses.Where(l => l.Name == name).Select(l => (s.Step, l.Value)))];
        return new Curve(name, [.. points.Select(p => (double)p.Step)], [.. points.Select(p => p.Value)]);
    }

    // Only what was measured before the first step, on as many questions as are asked today, is "before".
    private double? Before(List<EvaluationRecord> evaluations) =>
        evaluations.FirstOrDefault(e => e.Step == 0 && e.Count == _session.Test?.Count)?.Accuracy;

    // A run that had done all its steps before has not been evaluated now.
    private void AskAgain()
    {
        if (_session.Test is not { } test || _answers.Seen > 0)
            return;
        PointingEvaluator.Run(
            _session.Explainer, test, _session.Config.Integer("eval_batch"),
            tally: new PointingTally(Keep), judge: Judge());
    }

    private void WritePage(string folder, TextWriter output, PageData page)
    {
        if (_session.Test is { } test)
            page = CasePage.With(page, _answers, test);
        var report = Path.Combine(folder, CheckpointLayout.Report);
        PageFile.Save(report, page);
        output.WriteLine($"report to look at in a browser: {report}");
    }

    private void WriteAccuracy(
        string folder, TextWriter output, double? before, EvaluationRecord last, EventFile? events)
    {
        var earlier = before is { } share ? $"{Percent(share)} before, " : "";
        output.WriteLine(
            $"pointing accuracy on {last.Count} test samples: {earlier}{Percent(last.Accuracy)} after training; "
                + $"a random point {Percent(last.Random)}");
        var scenes = Scenes(last.Accuracy);
        if (scenes.Length == 0)
            return;
        var grid = Path.Combine(folder, CheckpointLayout.Grid);
        SceneGrid.Save(grid, scenes, new GridHeading(before, last.Accuracy, last.Random, last.Count));
        output.WriteLine($"where the model looks, before and after: {grid}");
        if (events is null)
            return;
        var picture = File.ReadAllBytes(grid);
        (var width, var height) = SceneGrid.Size(scenes);
        events.WriteImage(last.Step, "grid/before_and_after", width, height, picture);
    }

    private GridScene[] Scenes(double accuracy)
    {
        var test = _session.Test!;
        var before = _session.FirstMaps!.Of(test, GridScenes.Candidates(test, Shown));
        var after = Explain([.. before.Keys.Order()]);
        (int Index, EvaluationSample Sample)[] candidates =
            [.. after.Keys.Order().Select(i => (i, test.Read(i, [SceneGrid.Picture])))];
        bool[] hits = [.. candidates.Select(c => after[c.Index].Peak(c.Sample.Width, c.Sample.Height) is { } p
            && PointingGame.IsHit(p.X, p.Y, c.Sample.Regions))];
        return [.. GridScenes.Choose(hits, Shown, accuracy)
            .Select(i => candidates[i]).Select(c => new GridScene(c.Sample, before[c.Index], after[c.Index]))];
    }

    private int Shown => _session.Config.Integer("grid_scenes");

    private Dictionary<int, PatchMap> Explain(IReadOnlyList<int> questions) =>
        GridScenes.Explain(_session.Explainer, _session.Test!, questions, _session.Config.Integer("eval_batch"));

    private static string Percent(double share) => FormattableString.Invariant($"{100 * share:0.0} %");
}
