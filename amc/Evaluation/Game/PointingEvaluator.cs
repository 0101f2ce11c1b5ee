using System.Runtime.ExceptionServices;
using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Evaluation.Protocols;
using AmcEngine.DataTools;
using AmcEngine.Model;

namespace AmcEngine.Amc.Evaluation.Game;

/// <summary>
/// Plays the pointing game over a test set. Pictures are read ahead while the model computes; of a picture only its
/// size and the model's input are held. Batches are stretches of the test set's own order, so that a resumed game asks
/// what it asks as the uninterrupted one does.
/// </summary>
internal static class PointingEvaluator
{
    // Pictures are read ahead for this many questions at least: batches of one leave the readers too little.
    private const int LeastAhead = 8;

    /// <summary>Asks every question once.</summary>
    /// <param name="explainer">The model.</param>
    /// <param name="questions">The test set.</param>
    /// <param name="batchSize">Questions asked together.</param>
    /// <param name="progress">Called with the number of questions done.</param>
    /// <param name="stop">Looked at before each question is read and before each batch is asked.</param>
    /// <param name="tally">Counts the answers; it also holds those given before an exception.</param>
    /// <param name="judge">Says by which protocol; null takes the reference's.</param>
    /// <param name="known">Answers that an earlier game gave, by question: they count, and are not asked again.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> says so.</exception>
    /// <exception cref="DataException">The data is wrong, or there is no question that can be asked.</exception>
    /// <exception cref="ModelException">A heatmap is not finite.</exception>
    public static PointingResult Run(
        IExplainer explainer, IEvaluationSet questions, int batchSize, Action<int>? progress = null,
        CancellationToken stop = default, PointingTally? tally = null, AnswerJudge? judge = null,
        IReadOnlyDictionary<int, PointingAnswer>? known = null)
    {
        if (questions.Count == 0)
            throw new DataException("the test set is empty; check test_file or test_count.");
        tally ??= new PointingTally();
        judge ??= new AnswerJudge(ProtocolRegistry.Default);
        var pool = judge.Protocol.AveragesEntities ? new EntityPool() : null;
        var game = new Game(explainer, questions, batchSize, tally, judge, pool, known ?? NoAnswers);
        try
        {
            for (var first = 0; first < questions.Count; first += batchSize)
            {
                var end = Math.Min(first + batchSize, questions.Count);
                game.Play(first, end, stop);
                progress?.Invoke(end);
            }
        }
        catch (Exception) when (pool is not null)
        {
            // What is known of entities counts also when an error ends the game.
            game.Count(pool.Take());
            throw;
        }
        finally
        {
            game.Dispose();
        }
        game.Count(pool?.Take() ?? []);
        if (tally.Count > 0)
            return tally.Result;
        throw new DataException(tally.LastSkipped.Length > 0
            ? $"none of the {questions.Count} questions could be asked; the last: {tally.LastSkipped}"
            : $"the protocol {judge.Protocol.Name} leaves out all {questions.Count} questions; use another one");
    }

    private static IReadOnlyDictionary<int, PointingAnswer> NoAnswers { get; } = new Dictionary<int, PointingAnswer>();

    private sealed class Game : IDisposable
    {
        private readonly IExplainer _explainer;
        private readonly IEvaluationSet _questions;
        private readonly int _batchSize;
        private readonly PointingTally _tally;
        private readonly AnswerJudge _judge;
        private readonly EntityPool? _pool;
        private readonly IReadOnlyDictionary<int, PointingAnswer> _known;
        private readonly IReadOnlyList<PictureTarget> _input;
        private readonly PicturesAhead _pictures;

        public Game(
            IExplainer explainer, IEvaluationSet questions, int batchSize, PointingTally tally, AnswerJudge judge,
            EntityPool? pool, IReadOnlyDictionary<int, PointingAnswer> known)
        {
            (_explainer, _questions, _batchSize, _tally) = (explainer, questions, batchSize, tally);
            (_judge, _pool, _known, _input) = (judge, pool, known, [explainer.Input]);
            // Of a batch that holds a question without an answer all may have to be read.
            int[] order = [.. Enumerable.Range(0, questions.Count).Chunk(batchSize)
                .Where(b => !b.All(known.ContainsKey)).SelectMany(b => b)];
            _pictures = new PicturesAhead(questions, order, _input, Math.Max(LeastAhead, batchSize));
        }

        public void Play(int first, int end, CancellationToken stop)
        {
            List<(int Index, EvaluationSample Sample)> batch = [];
            Failure? failure = null;
            if (!Enumerable.Range(first, end - first).All(_known.ContainsKey))
            {
                failure = Read(first, end, batch, stop);
                stop.ThrowIfCancellationRequested();
            }
            // What else stood in the batch may decide on the last bits of an answer: so it is asked as it was.
            var maps = batch.All(q => _known.ContainsKey(q.Index)) ? [] : Ask(batch);
            JudgedMap[] open = [.. maps.Where(m => !_known.ContainsKey(m.Index))];
            var bad = Array.Find(open, m => !m.Map.IsFinite);
            var last = bad?.Index ?? failure?.Index ?? end;
            open = [.. open.Where(m => m.Index < last)];
            if (_pool is null)
                Count(open, first, last);
            else
                Array.ForEach(open, m => _pool.Add(m, _judge.NeedsPictures));
            bad?.Map.RequireFinite(bad.Sample.Caption, bad.Sample.Image);
            // What could be asked before is answered first.
            failure?.Error.Throw();
        }

        public void Count(IReadOnlyList<JudgedMap> maps)
        {
            foreach (var few in maps.Chunk(_batchSize))
                Array.ForEach(_judge.Judge(few), _tally.Add);
        }

        public void Dispose()
        {
            _pictures.Dispose();
            _explainer.Release();
        }

        private Failure? Read(
            int first, int end, List<(int Index, EvaluationSample Sample)> batch, CancellationToken stop)
        {
            for (var i = first; i < end && !stop.IsCancellationRequested; i++)
            {
                try
                {
                    if (_judge.Protocol.Prepare(_questions.Read(i, _input, _pictures.Take(i))) is { } asked)
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

        private JudgedMap[] Ask(List<(int Index, EvaluationSample Sample)> batch)
        {
            // Questions about one picture share it, so that it is encoded once.
            var pictures = new Dictionary<string, RgbImage>(StringComparer.Ordinal);
            RgbImage Shared(EvaluationSample sample)
            {
                if (pictures.TryGetValue(sample.Image, out var known)
                    && known.Pixels.AsSpan().SequenceEqual(sample.Picture.Pixels))
                    return known;
                return pictures[sample.Image] = sample.Picture;
            }

            var answers = _explainer.Explain([.. batch.Select(q => new PhraseInPicture(
                Shared(q.Sample), q.Sample.Caption)
            {
                Next = _pictures.NextOf(q.Index)
            })]);
            return [.. batch.Select((q, i) => new JudgedMap(q.Index, q.Sample, answers[i].Map, answers[i].Score))];
        }

        // In the order of the questions, whoever answered them.
        private void Count(JudgedMap[] maps, int first, int end)
        {
            var judged = _judge.Judge(maps).ToDictionary(a => a.Index);
            for (var i = first; i < end; i++)
            {
                if (_known.TryGetValue(i, out var answer) || judged.TryGetValue(i, out answer))
                    _tally.Add(answer);
            }
        }

        private sealed record Failure(int Index, ExceptionDispatchInfo Error);
    }
}
