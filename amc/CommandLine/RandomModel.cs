using System.Globalization;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Evaluation.Results;
using AmcEngine.Amc.Explanation.Methods;
using AmcEngine.Amc.Models;
using AmcEngine.Backends;
using AmcEngine.DataTools;
using AmcEngine.Model;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.CommandLine;

/// <summary>
/// The compared model with random weights, for the sanity check. They come from another seed than the run's: a model
/// that has trained for a short time still resembles the weights that it began with.
/// </summary>
internal sealed class RandomModel : IDisposable
{
    private readonly IVisionLanguageModel _model;
    private readonly ExplainedModel _explained;
    private readonly int _batch;

    /// <summary>Makes the model.</summary>
    /// <param name="options">The arguments.</param>
    /// <param name="config">The compared model's configuration.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="backend">Where to put it.</param>
    public RandomModel(CompareOptions options, RunConfig config, ITokenizer tokenizer, IBackend backend)
    {
        var seed = config.Seed == int.MaxValue ? 0 : config.Seed + 1;
        var other = RunConfig.Load(options.Config!, [.. options.Set, FormattableString.Invariant($"seed={seed}")]);
        _model = ModelRegistry.Create(other, tokenizer, backend, forTraining: false);
        _explained = EvaluationSettings.Explained(_model, tokenizer, config, ModelKeys.Grounding(config));
        _batch = config.Integer("eval_batch");
    }

    /// <summary>Compares a method's first maps with those that it draws of random weights.</summary>
    /// <param name="result">The method with its first answers.</param>
    /// <param name="questions">The questions.</param>
    public SanityResult Check(MethodResult result, IEvaluationSet questions)
    {
        PointingAnswer[] before = [.. result.First.Take(SanityCheck.Questions)];
        var after = new Dictionary<int, PointingAnswer>();
        var tally = new PointingTally(a => after[a.Index] = a);
        var first = new FirstQuestions(questions, before[^1].Index + 1);
        PointingEvaluator.Run(ExplainerChoice.Create(_explained, result.Method), first, _batch, tally: tally);
        return SanityCheck.Compare([.. before.Select(a => a.Map)], [.. before.Select(a => after[a.Index].Map)]);
    }

    /// <summary>The columns of a table; empty where nothing was checked.</summary>
    public static string Cells(SanityResult? sanity) => sanity is null ? ""
        : string.Create(CultureInfo.InvariantCulture, $" {sanity.RankCorrelation:0.000} | {sanity.Similarity:0.000} |");

    /// <summary>Names a method that does not react.</summary>
    public static string Warning(IExplanationMethod method, SanityResult sanity) => string.Create(
        CultureInfo.InvariantCulture,
        $"{method.Name} does not react to the weights: with random ones its maps stay much the same (rank correlation "
            + $"{sanity.RankCorrelation:0.00} over {sanity.Count} questions); what it shows is not what the model "
            + $"has learned");

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();
}
