using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Evaluation.Protocols;
using AmcEngine.Amc.Evaluation.Results;
using AmcEngine.Amc.Reports.Page;
using AmcEngine.Amc.Runs;

namespace AmcEngine.Amc.Reports;

/// <summary>What the page of a training run shows of its log.</summary>
internal static class TrainingPage
{
    // Steps of a curve that are drawn: more are narrower than a line.
    private const int MostPoints = 240;

    /// <summary>The page without cases.</summary>
    /// <param name="name">What the run is called.</param>
    /// <param name="config">Its configuration.</param>
    /// <param name="steps">Its steps.</param>
    /// <param name="evaluations">Its evaluations.</param>
    /// <param name="before">Accuracy before the first step; null where it is not known.</param>
    /// <param name="summary">Intervals and parts of the last evaluation.</param>
    public static PageData Of(
        string name, RunConfig config, IReadOnlyList<StepRecord> steps, IReadOnlyList<EvaluationRecord> evaluations,
        double? before, EvaluationSummary summary)
    {
        var run = new PageRun("run", [.. Numbers(steps, evaluations, before, summary)],
        [
            new PageFact("Model", config.Model), new PageFact("Data", Data(config)),
            new PageFact("Objective", Objective(config)),
            new PageFact("Pairs a step", FormattableString.Invariant($"{config.BatchSize}")),
            new PageFact("Seed", FormattableString.Invariant($"{config.Seed}")),
            new PageFact(
                "Protocol", EvaluationSettings.Protocol(config, ExplainerChoice.Default, ProtocolRegistry.Default)),
        ]);
        return new PageData($"Training run: {name}", [run])
        {
            Charts = [.. Charts(steps, evaluations)],
            Breakdowns = [.. SummaryPage.Breakdowns([summary])],
        };
    }

    /// <summary>A curve with no more points than are seen: each the mean of neighbouring steps.</summary>
    public static PageLine Line(string name, IReadOnlyList<(double X, double Y)> points)
    {
        var count = Math.Min(points.Count, MostPoints);
        double[] x = new double[count], y = new double[count];
        for (var i = 0; i < count; i++)
        {
            int from = (int)((long)i * points.Count / count), to = (int)((i + 1L) * points.Count / count);
            for (var k = from; k < to; k++)
                (x[i], y[i]) = (x[i] + points[k].X / (to - from), y[i] + points[k].Y / (to - from));
            // A place between steps is none.
            x[i] = Math.Round(x[i]);
        }
        return new PageLine(name, x, y);
    }

    private static IEnumerable<PageNumber> Numbers(
        IReadOnlyList<StepRecord> steps, IReadOnlyList<EvaluationRecord> evaluations, double? before,
        EvaluationSummary summary)
    {
        if (evaluations.Count > 0)
        {
            var last = evaluations[^1];
            var interval = SummaryPage.Numbers(summary).FirstOrDefault();
            yield return new PageNumber("Pointing accuracy after training", last.Accuracy)
            {
                Low = interval?.Low,
                High = interval?.High,
            };
            if (before is { } first)
                yield return new PageNumber("Before training", first);
            yield return new PageNumber("A random point", last.Random);
            yield return new PageNumber("Test samples", last.Count, Share: false);
        }
        if (steps.Count > 0)
            yield return new PageNumber("Steps", steps[^1].Step, Share: false);
    }

    private static IEnumerable<PageChart> Charts(
        IReadOnlyList<StepRecord> steps, IReadOnlyList<EvaluationRecord> evaluations)
    {
        if (evaluations.Count > 1)
        {
            yield return new PageChart("Pointing accuracy", "step", true,
                [Line("the model", [.. evaluations.Select(e => ((double)e.Step, e.Accuracy))])])
            {
                Level = new PageNumber("a random point", evaluations[^1].Random),
            };
        }
        if (steps.Count < 2)
            yield break;
        // The first is the total of the others.
        string[] names = [.. steps[0].Losses.Select(l => l.Name)];
        yield return new PageChart("Loss", "step", false, [.. names.Select(n => Loss(n, steps))]);
        yield return new PageChart("Learning rate", "step", false,
            [Line("learning rate", [.. steps.Select(s => ((double)s.Step, s.LearningRate))])]);
    }

    private static PageLine Loss(string name, IReadOnlyList<StepRecord> steps) =>
        Line(name,
            [.. steps.SelectMany(s => s.Losses.Where(l => l.Name == name).Select(l => ((double)s.Step, l.Value)))]);

    private static string Data(RunConfig config) =>
        config.IsGenerated ? $"{config.Dataset}, generated" : string.Join(", ", config.TrainFiles);

    private static string Objective(RunConfig config)
    {
        List<string> parts = ["the model's own losses"];
        if (config.Truth("add_gcam"))
            parts.Add("AMC");
        if (config.Truth("add_selfeq"))
            parts.Add("SelfEQ");
        return string.Join(" + ", parts);
    }
}
