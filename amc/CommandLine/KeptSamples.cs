using AmcEngine.Amc.Evaluation.Answers;
using AmcEngine.Amc.Evaluation.Cache;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Reports;
using AmcEngine.Amc.Training;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.CommandLine;

/// <summary>The answers of an evaluation on their way to <c>--samples</c>, and those that stood there before.</summary>
internal sealed class KeptSamples : IDisposable
{
    private readonly string _path;
    private readonly AnswerFile _answers;
    private readonly PartialAnswers _partial;
    private readonly ResumedAnswers _known;
    private readonly HashSet<int> _counted = [];

    private KeptSamples(string path, RunMark mark, ResumedAnswers known, CommandContext context)
    {
        (_path, _known, _answers) = (path, known, new AnswerFile(mark.ToString()));
        _partial = new PartialAnswers(path, mark, known.Lines, context.Warn);
    }

    /// <summary>The answers that an earlier evaluation gave.</summary>
    public IReadOnlyDictionary<int, PointingAnswer> Known => _known.Answers;

    /// <summary>Begins to keep answers; null where nobody asks for them.</summary>
    /// <param name="options">The arguments.</param>
    /// <param name="run">The evaluation, whose questions are read.</param>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="context">Where to say what is resumed.</param>
    /// <exception cref="DataException">What is to be resumed is another evaluation's, or damaged.</exception>
    public static KeptSamples? Begin(
        EvalOptions options, EvaluationRun run, CheckpointFile checkpoint, CommandContext context)
    {
        if (options.Samples is not { } path)
            return null;
        var mark = run.Mark(checkpoint);
        return new KeptSamples(
            path, mark, options.Resume ? Find(path, mark, run.Questions, context) : ResumedAnswers.None, context);
    }

    /// <summary>Takes an answer.</summary>
    public void Add(PointingAnswer answer)
    {
        _counted.Add(answer.Index);
        _answers.Add(answer);
        if (!Known.ContainsKey(answer.Index))
            _partial.Add(answer);
    }

    /// <summary>Writes what was answered so far where a killed evaluation leaves it.</summary>
    public void Flush() => _partial.Flush();

    /// <summary>Writes the file, known answers that were not reached included.</summary>
    public void Save()
    {
        foreach (var index in Known.Keys.Where(i => !_counted.Contains(i)).Order())
            _answers.Add(Known[index]);
        EvaluationReport.SaveSamples(_path, _answers);
        _partial.Delete();
    }

    /// <inheritdoc/>
    public void Dispose() => _partial.Dispose();

    // A killed evaluation leaves its answers beside the file, a stopped one in it.
    private static ResumedAnswers Find(string path, RunMark mark, IEvaluationSet questions, CommandContext context)
    {
        var partial = PartialAnswers.PathOf(path);
        var file = File.Exists(partial) ? partial : path;
        if (!File.Exists(file))
        {
            context.Note($"--resume: there is no {path} yet, so that all {questions.Count} questions are asked");
            return ResumedAnswers.None;
        }
        var known = ResumedAnswers.Load(file, mark, questions);
        context.Note($"--resume: {known.Answers.Count} of {questions.Count} questions are answered in {file}");
        return known;
    }
}
