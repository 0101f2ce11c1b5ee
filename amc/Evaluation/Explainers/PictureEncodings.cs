using AmcEngine.Autograd;
using AmcEngine.DataTools;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Evaluation.Explainers;

/// <summary>
/// Encodes pictures once for all their phrases: those of a batch, and within a bound of memory those that later
/// questions ask about again, the soonest first.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="grounder">Its grounder.</param>
/// <param name="mostBytes">Bytes of encodings that are kept from batch to batch; 0 keeps none.</param>
internal sealed class PictureEncodings(IVisionLanguageModel model, IGrounder grounder, long mostBytes)
{
    // Batches lack anything from one picture to all. Encoded by so many at a time, the pool of memory sees few sizes,
    // and an encoder's intermediate results stay small; a picture's encoding is the same whatever stands beside it.
    private const int AtOnce = 8;

    private readonly Dictionary<RgbImage, (Tensor Tokens, int Next)> _kept = new(ReferenceEqualityComparer.Instance);

    /// <summary>One row a question, in the current scope.</summary>
    public ImageEncoding Of(IReadOnlyList<PhraseInPicture> batch)
    {
        RgbImage[] pictures =
            [.. batch.Select(b => b.Input).Distinct(ReferenceEqualityComparer.Instance).Cast<RgbImage>()];
        var rows = new Dictionary<RgbImage, Tensor>(ReferenceEqualityComparer.Instance);
        foreach (var few in pictures.Where(p => !_kept.ContainsKey(p)).Chunk(AtOnce))
        {
            var encoded = Encode(few);
            for (var i = 0; i < few.Length; i++)
                rows[few[i]] = encoded.Slice(0, i, i + 1);
        }
        using var noGrad = NoGrad.Begin();
        var all = new ImageEncoding(Movement.Concat(
            [.. pictures.Select(p => _kept.TryGetValue(p, out var kept) ? kept.Tokens : rows[p])], 0));
        Keep(batch, rows);
        if (pictures.Length == batch.Count)
            return all;
        int[] places = [.. batch.Select(b => Array.IndexOf(pictures, b.Input))];
        return all.Select(Tensor.From(places, [places.Length], model.Backend));
    }

    /// <summary>Lets go of all that is kept.</summary>
    public void Release()
    {
        foreach (var kept in _kept.Values)
            kept.Tokens.Dispose();
        _kept.Clear();
    }

    private Tensor Encode(RgbImage[] pictures)
    {
        int side = model.ImageRes, numbers = 3 * side * side;
        var values = new float[pictures.Length * numbers];
        Parallel.For(0, pictures.Length, i =>
            ImageOps.Normalize(
                pictures[i], ImageOps.DefaultMean, ImageOps.DefaultStd, values.AsSpan(i * numbers, numbers)));
        return grounder.EncodeImages(Tensor.From(values, [pictures.Length, 3, side, side], model.Backend)).Tokens;
    }

    // All rows have one size, so that the bound is a number of pictures.
    private void Keep(IReadOnlyList<PhraseInPicture> batch, Dictionary<RgbImage, Tensor> rows)
    {
        var next = new Dictionary<RgbImage, int?>(ReferenceEqualityComparer.Instance);
        foreach ((var picture, var kept) in _kept)
            next[picture] = kept.Next;
        foreach (var question in batch)
            next[question.Input] = question.Next;
        var one = rows.Count > 0 ? rows.Values.First() : _kept.Values.First().Tokens;
        var most = mostBytes / (one.Count * one.DType.Size());
        var stay = new Dictionary<RgbImage, int>(ReferenceEqualityComparer.Instance);
        foreach ((var picture, var soonest) in next.OrderBy(n => n.Value ?? int.MaxValue))
        {
            if (soonest is { } value && stay.Count < most)
                stay[picture] = value;
        }
        foreach (var picture in _kept.Keys.Where(p => !stay.ContainsKey(p)).ToArray())
        {
            _kept[picture].Tokens.Dispose();
            _kept.Remove(picture);
        }
        foreach ((var picture, var soonest) in stay)
        {
            var tokens = _kept.TryGetValue(picture, out var known) ? known.Tokens : MemoryScope.Detach(rows[picture]);
            _kept[picture] = (tokens, soonest);
        }
    }
}
