using System.Globalization;
using System.Security.Cryptography;
using AmcEngine.Amc.Evaluation.Cache;
using AmcEngine.Amc.Explanation.Methods;
using AmcEngine.DataTools;
using AmcEngine.Files;

namespace AmcEngine.Amc.Evaluation.Explainers;

/// <summary>
/// Asks the model only for maps that are not in a cache. A map is known by the weights, how they are explained, the
/// device, the pixels of the picture as the model takes it, and the tokens of the phrase.
/// </summary>
/// <param name="inner">The explainer.</param>
/// <param name="cache">Where maps are kept.</param>
/// <param name="model">The model.</param>
/// <param name="origin">What else decides on its maps, as <see cref="Origin"/> says it.</param>
/// <param name="warn">Told once where a map cannot be written; the evaluation goes on.</param>
internal sealed class CachedExplainer(
    IExplainer inner, MapCache cache, ExplainedModel model, string origin, Action<string> warn) : IExplainer
{
    private bool _writes = true;

    /// <inheritdoc/>
    public PictureTarget Input => inner.Input;

    /// <summary>Weights and method in one text.</summary>
    /// <param name="weights">The digest of the weights (<see cref="RunMark.OfFiles"/>).</param>
    /// <param name="settings">What the weights do not show: the key they lie under, heads, layers, a seed.</param>
    /// <param name="model">The model.</param>
    /// <param name="method">The explanation method.</param>
    public static string Origin(string weights, string settings, ExplainedModel model, IExplanationMethod method)
    {
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{weights}|{settings}|{method.Description}|{model.Settings}|{model.Model.GetType().Name}|"
                + $"{model.Model.ImageRes}|{model.Model.DType}|{model.Model.Backend.GetType().Name}");
    }

    /// <inheritdoc/>
    public IReadOnlyList<MatchExplanation> Explain(IReadOnlyList<PhraseInPicture> batch)
    {
        string[] keys = [.. batch.Select(Key)];
        var answers = new MatchExplanation?[batch.Count];
        for (var i = 0; i < answers.Length; i++)
            answers[i] = cache.Find(keys[i]) is { } known
                ? new MatchExplanation(known.Map with { Crop = Input.Crop }, known.Score)
                : null;
        int[] missing = [.. Enumerable.Range(0, answers.Length).Where(i => answers[i] is null)];
        if (missing.Length > 0)
        {
            var asked = inner.Explain([.. missing.Select(i => batch[i])]);
            for (var j = 0; j < missing.Length; j++)
            {
                answers[missing[j]] = asked[j];
                Keep(keys[missing[j]], asked[j]);
            }
        }
        return answers!;
    }

    /// <inheritdoc/>
    public void Release() => inner.Release();

    private string Key(PhraseInPicture question) => MapCache.Key(
        origin,
        string.Create(CultureInfo.InvariantCulture, $"{question.Input.Width}x{question.Input.Height}"),
        Convert.ToHexStringLower(SHA256.HashData(question.Input.Pixels)),
        string.Join(' ', model.Tokenizer.Encode(question.Phrase, model.Model.MaxTextLength)));

    // A full disk costs the cache, and not the evaluation.
    private void Keep(string key, MatchExplanation answer)
    {
        if (!_writes)
            return;
        try
        {
            cache.Add(key, new CachedMap(answer.Map, answer.Score));
        }
        catch (FileWriteException e)
        {
            _writes = false;
            warn($"--cache: no more maps are kept: {e.Message}");
        }
    }
}
