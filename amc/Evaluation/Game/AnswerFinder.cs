using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Evaluation.Protocols;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Game;

/// <summary>Asks a rank's batches of questions, for another rank that counts the answers.</summary>
internal sealed class AnswerFinder : IDisposable
{
    private readonly IExplainer _explainer;
    private readonly IEvaluationSet _questions;
    private readonly AnswerJudge? _judge;
    private readonly IProtocol _protocol;
    private readonly IReadOnlySet<int> _known;
    private readonly IReadOnlyList<PictureTarget> _input;
    private readonly PicturesAhead _pictures;

    /// <summary>Begins to read ahead.</summary>
    /// <param name="explainer">The model.</param>
    /// <param name="questions">The test set.</param>
    /// <param name="judge">Whose protocol says how questions are asked.</param>
    /// <param name="judges">Whether answers are judged here; else by the rank that counts.</param>
    /// <param name="known">Questions that are answered.</param>
    /// <param name="batches">The batches of this rank.</param>
    public AnswerFinder(IExplainer explainer, IEvaluationSet questions, AnswerJudge judge, bool judges,
        IReadOnlySet<int> known, IEnumerable<int[]> batches)
    {
        (_explainer, _questions, _protocol, _known) = (explainer, questions, judge.Protocol, known);
        (_judge, _input) = (judges ? judge : null, [explainer.Input]);
        _pictures = PicturesAhead.For(questions, batches, known.Contains, _input);
    }

    /// <summary>Asks a batch of questions.</summary>
    /// <param name="batch">The batch.</param>
    public BatchFindings Find(int[] batch)
    {
        var findings = new BatchFindings();
        if (batch.All(_known.Contains))
            return findings;
        try
        {
            List<(int Index, EvaluationSample Sample)> asked = [];
            foreach (var question in batch)
            {
                if (Read(question, findings) is { } sample)
                    asked.Add((question, sample));
            }
            if (!asked.All(q => _known.Contains(q.Index)))
                Ask(asked, findings);
            return findings;
        }
        catch (DataException e)
        {
            // Whether there are too many bad pictures is known to the rank that counts them all: it reads them itself.
            return new BatchFindings { Failure = e.Message };
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _pictures.Dispose();
        _explainer.Release();
    }

    private EvaluationSample? Read(int question, BatchFindings findings)
    {
        try
        {
            var reader = Told(_pictures.Take(question), question, findings);
            return _protocol.Prepare(_questions.Read(question, _input, reader));
        }
        catch (UnusableSampleException)
        {
            return null;
        }
    }

    private static PictureReader? Told(PictureReader? reader, int question, BatchFindings findings) => reader is null
        ? null
        : () =>
        {
            try
            {
                (var views, var damage) = reader();
                findings.Add(question, new PictureFindings(views.Width, views.Height, damage));
                return (views, damage);
            }
            catch (UnreadablePictureException e)
            {
                findings.Add(question, new PictureFindings(0, 0, e.Message));
                throw;
            }
        };

    private void Ask(IReadOnlyList<(int Index, EvaluationSample Sample)> asked, BatchFindings findings)
    {
        var maps = PhraseBatch.Ask(_explainer, asked, _pictures.NextOf);
        // The rank that counts refuses a map that is not finite, and what stands behind it.
        JudgedMap[] open = [.. maps.Where(m => !_known.Contains(m.Index)).TakeWhile(m => m.Map.IsFinite)];
        var answers = _judge?.Judge(open).ToDictionary(a => a.Index);
        foreach (var map in maps)
            findings.Add(map.Index, new QuestionFindings(map.Map, map.Score, answers?.GetValueOrDefault(map.Index)));
    }
}
