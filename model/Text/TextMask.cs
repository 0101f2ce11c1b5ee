using AmcEngine.Backends;
using AmcEngine.Model.Tokenization;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Text;

/// <summary>
/// The attention mask of a batch, built once and shared by all layers and passes (specification 2.2). Without padding
/// there is no additive mask at all: it would be zero.
/// </summary>
/// <param name="Keep">1 for a token, 0 for padding, <c>[B, L]</c> in the model's element type.</param>
/// <param name="Additive">(1 − keep)·(−10000) as <c>[B, 1, 1, L]</c>; null where no row has padding.</param>
public sealed record TextMask(Tensor Keep, Tensor? Additive)
{
    private const double Excluded = 10000;

    /// <summary>The mask of tokenized texts.</summary>
    public static TextMask Create(TokenBatch text, DType dtype, IBackend backend)
    {
        var keep = Modules.TensorValues.From(
            Array.ConvertAll(text.Mask, v => (double)v), [text.Count, text.Length], dtype, backend);
        var additive = text.Mask.AsSpan().Contains(0)
            ? keep.Affine(Excluded, -Excluded).Reshape(text.Count, 1, 1, text.Length)
            : null;
        return new TextMask(keep, additive);
    }

    /// <summary>
    /// Weights of rows that leave out the start token and, where a text has one, the end token <c>[B, L]</c>. Their
    /// squares, averaged over all L rows, are the mean over the words: √(L / words) on a word, else 0.
    /// </summary>
    /// <param name="text">Tokenized texts.</param>
    /// <param name="hasEnd">Whether the last token of each text is an end token.</param>
    /// <param name="dtype">Element type.</param>
    /// <param name="backend">Device.</param>
    public static Tensor Words(TokenBatch text, bool hasEnd, DType dtype, IBackend backend)
    {
        var weights = new double[text.Count * text.Length];
        for (var row = 0; row < text.Count; row++)
        {
            var tokens = text.Mask.AsSpan(row * text.Length, text.Length).Count(1);
            var words = tokens - (hasEnd ? 2 : 1);
            if (words > 0) weights.AsSpan(row * text.Length + 1, words).Fill(Math.Sqrt((double)text.Length / words));
        }
        return Modules.TensorValues.From(weights, [text.Count, text.Length], dtype, backend);
    }

    /// <summary>The rows that <paramref name="index"/> (I32) names.</summary>
    public TextMask Select(Tensor index) => new(Keep.IndexSelect(0, index), Additive?.IndexSelect(0, index));
}
