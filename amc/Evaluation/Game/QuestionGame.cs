using System.Runtime.ExceptionServices;
using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Game;

/// <summary>
/// A pointing game in progress: takes batches of questions in their order, asks them or takes what was found out about
/// them elsewhere, and counts the answers.
/// </summary>
internal sealed class QuestionGame : IDisposable
{
    private readonly IExplainer _explainer;
    private readonly IEvaluationSet _questions;
    private readonly int _batchSize;
    private readonly PointingTally _tally;
    private readonly AnswerJudge _judge;
    private readonly EntityPool? _pool;
    private readonly IReadOnlyDictionary<int, PointingAnswer> _known;
    private readonly IReadOnlyList<PictureTarget> _input;
    private readonly PicturesAhead? _pictures;

    /// <summary>Begins a game.</summary>
    /// <param name="explainer">The model.</param>
    /// <param name="questions">The test set.</param>
    /// <param name="batchSize">Questions asked together.</param>
    /// <param name="tally">Counts the answers.</param>
    /// <param name="judge">Says by which protocol.</param>
    /// <param name="known">Answers that an earlier game gave, by question.</param>
    /// <param name="readsAhead">Whether pictures are read ahead: where this game asks most questions itself.</param>
    public QuestionGame(
        IExplainer explainer, IEvaluationSet questions, int batchSize, PointingTally tally, AnswerJudge judge,
        IReadOnlyDictionary<int, PointingAnswer> known, bool readsAhead = true)
    {
        (_explainer, _questions, _batchSize, _tally) = (explainer, questions, batchSize, tally);
        (_judge, _known, _input) = (judge, known, [explainer.Input]);
        _pool = judge.Protocol.AveragesEntities ? new EntityPool() : null;
        if (readsAhead)
            _pictures = PicturesAhead.For(
                questions, Enumerable.Range(0, questions.Count).Chunk(batchSize), known.ContainsKey, _input);
    }

    /// <summary>Takes the next batch.</summary>
    /// <param name="first">Its first question.</param>
    /// <param name="end">The question behind its last.</param>
    /// <param name="stop">Looked at before each question is read and before the batch is asked.</param>
    /// <param name="found">What another rank has found out; null asks here.</param>
    public void Play(int first, int end, CancellationToken stop, BatchFindings? found = null)
    {
        List<(int Index, EvaluationSample Sample)> batch = [];
        Failure? failure = null;
        if (!Enumerable.Range(first, end - first).All(_known.ContainsKey))
        {
            failure = Read(first, end, batch, stop, found);
            stop.ThrowIfCancellationRequested();
        }
        // What else stood in the batch may decide on the last bits of an answer: so it is asked as it was.
        var maps = batch.All(q => _known.ContainsKey(q.Index)) ? []
            : found?.Maps(batch)
                ?? PhraseBatch.Ask(_explainer, batch, i => _pictures?.NextOf(i));
        JudgedMap[] open = [.. maps.Where(m => !_known.ContainsKey(m.Index))];
        var bad = Array.Find(open, m => !m.Map.IsFinite);
        var last = bad?.Index ?? failure?.Index ?? end;
        open = [.. open.Where(m => m.Index < last)];
        if (_pool is null)
            Count(found?.Answers(open) ?? _judge.Judge(open), first, last);
        else
            Array.ForEach(open, m => _pool.Add(m, _judge.NeedsPictures));
        bad?.Map.RequireFinite(bad.Sample.Caption, bad.Sample.Image);
        // What could be asked before is answered first.
        failure?.Error.Throw();
    }

    /// <summary>Counts what is known of entities, whose maps are averaged when there are no more questions.</summary>
    public void CountEntities()
    {
        foreach (var few in (_pool?.Take() ?? []).Chunk(_batchSize))
            Array.ForEach(_judge.Judge(few), _tally.Add);
    }

    /// <summary>The outcome when all questions were taken.</summary>
    /// <exception cref="DataException">None could be asked.</exception>
    public PointingResult Result()
    {
        if (_tally.Count > 0)
            return _tally.Result;
        throw new DataException(_tally.LastSkipped.Length > 0
            ? $"none of the {_questions.Count} questions could be asked; the last: {_tally.LastSkipped}"
            : $"the protocol {_judge.Protocol.Name} leaves out all {_questions.Count} questions; use another one");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _pictures?.Dispose();
        _explainer.Release();
    }

    private Failure? Read(int first, int end, List<(int Index, EvaluationSample Sample)> batch, CancellationToken stop,
        BatchFindings? found)
    {
        for (var i = first; i < end && !stop.IsCancellationRequested; i++)
        {
            try
            {
                var picture = found is null ? _pictures?.Take(i) : found.PictureOf(i);
                if (_judge.Protocol.Prepare(_questions.Read(i, _input, picture)) is { } asked)
                    batch.Add((i, asked));
                else
                    _tally.LeaveOut();
            }
            catch (UnusableSampleException e) when (!_known.ContainsKey(i))
            {
                _tally.Skip(e.Message);
            }
            catch (DataException e)
            {
                return new Failure(i, ExceptionDispatchInfo.Capture(e));
            }
        }
        return null;
    }

    // In the order of the questions, whoever answered them.
    private void Count(PointingAnswer[] answers, int first, int end)
    {
        var judged = answers.ToDictionary(a => a.Index);
        for (var i = first; i < end; i++)
        {
            if (_known.TryGetValue(i, out var answer) || judged.TryGetValue(i, out answer))
                _tally.Add(answer);
        }
    }

    private sealed record Failure(int Index, ExceptionDispatchInfo Error);
}
