using AmcEngine.Backends.Kernels;
using AmcEngine.Model;
using AmcEngine.Model.DataParallel;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Objective;

/// <summary>Constants of SelfEQ; the defaults are those of its paper and code.</summary>
/// <param name="Threshold">Least sum of both maps at a patch that counts as their common region.</param>
/// <param name="MeanTarget">Mean that each map is to have in the common region.</param>
/// <param name="ConsistencyWeight">Weight of the consistency term beside the similarity term.</param>
public sealed record SelfEqOptions(double Threshold = 0.8, double MeanTarget = 0.4, double ConsistencyWeight = 0.5);

/// <summary>The value of SelfEQ, scalars that belong to the caller's scope.</summary>
/// <param name="Similarity">Mean smooth L1 distance of the maps.</param>
/// <param name="Consistency">Deviations and means within the common region.</param>
/// <param name="Loss">Similarity and weighted consistency.</param>
public sealed record SelfEqValue(Tensor Similarity, Tensor Consistency, Tensor Loss);

/// <summary>
/// Self-equivalence (He et al., CVPR 2024): the explanations of a phrase and of its paraphrase are to agree, and to be
/// high where both are. It needs no region. Written with differentiable ops, so that it can be differentiated twice.
/// </summary>
public static class SelfEqLoss
{
    /// <summary>
    /// sim + w·cst of the maps G and E: sim = SmoothL1(E, G) with β = 1, mean; with the common region M = [G + E ≥
    /// threshold], a constant, and N = ΣM: cst = std(M·G) + std(M·E) + max(0, target − ΣM·G/N) + max(0, target −
    /// ΣM·E/N). The deviations are the unbiased ones over the whole batch, zeros outside M included.
    /// </summary>
    /// <remarks>
    /// Where M is empty both hinges are the target without a gradient (the reference has NaN). A deviation of 0 has the
    /// gradient 0, as in PyTorch.
    /// </remarks>
    /// <param name="phrase">Normalised maps of the phrases <c>[B, n²]</c>.</param>
    /// <param name="paraphrase">Normalised maps of their paraphrases <c>[B, n²]</c>.</param>
    /// <param name="options">Constants; null for the defaults.</param>
    /// <exception cref="ModelException">The maps are not alike in shape, or empty.</exception>
    public static SelfEqValue Compute(Tensor phrase, Tensor paraphrase, SelfEqOptions? options = null)
    {
        if (!phrase.Shape.Equals(paraphrase.Shape) || phrase.Shape.Rank != 2 || phrase.Count == 0)
            throw new ModelException(
                $"SelfEQ: maps {phrase.Shape} and {paraphrase.Shape}; both are [B, n²] with at least one patch");
        return Compute(
            phrase, paraphrase, phrase.Count, new SamplePool(null, phrase.DType, phrase.Backend), options);
    }

    /// <summary>
    /// The same over the maps of a pool, to which this rank may add none; all ranks of the pool call it.
    /// </summary>
    /// <param name="phrase">This rank's normalised maps of phrases <c>[b, n²]</c>, or null.</param>
    /// <param name="paraphrase">Those of their paraphrases, or null.</param>
    /// <param name="elements">Elements of all maps of the pool.</param>
    /// <param name="pool">Whose maps count together.</param>
    /// <param name="options">Constants; null for the defaults.</param>
    public static SelfEqValue Compute(
        Tensor? phrase, Tensor? paraphrase, long elements, SamplePool pool, SelfEqOptions? options = null)
    {
        options ??= new SelfEqOptions();
        var similarity = pool.Mean(SmoothL1(phrase is null ? null : paraphrase?.Sub(phrase)), elements);
        var common = phrase is null || paraphrase is null ? null
            : Indicator(phrase.Detach().Add(paraphrase.Detach()), options.Threshold, double.MaxValue);
        // An empty region has sums of 0 and no gradient, whatever they are divided by.
        var count = pool.Sum(common).Clamp(1, double.MaxValue);
        var consistency = Within(Inside(phrase)).Add(Within(Inside(paraphrase)));
        return new SelfEqValue(similarity, consistency, similarity.Add(consistency.Scale(options.ConsistencyWeight)));

        Tensor? Inside(Tensor? map) => common is null ? null : map?.Mul(common);

        Tensor Within(Tensor? inside) => Deviation(inside, elements, pool).Add(
            pool.Sum(inside).Div(count).Affine(-1, options.MeanTarget).Relu());
    }

    // ½d² up to |d| = 1, |d| − ½ beyond: c·(d − ½c) with c = d limited to ±1.
    private static Tensor? SmoothL1(Tensor? d)
    {
        if (d is null) return null;
        var limited = d.Clamp(-1, 1);
        return limited.Mul(d.Sub(limited.Scale(0.5)));
    }

    // The square root has no derivative at 0: there it is taken at 1, and 1 is subtracted again.
    private static Tensor Deviation(Tensor? x, long count, SamplePool pool)
    {
        var mean = pool.Mean(x, count);
        // The squares' sum has no derivative by the mean: deviations add up to 0. Over several ranks that is needed,
        // since a sum over ranks hands on what its own rank makes of it.
        if (pool.IsShared) mean = mean.Detach();
        var variance = pool.Sum(x?.Sub(mean).Square()).Scale(1.0 / Math.Max(count - 1, 1));
        var isZero = Indicator(variance.Detach(), 0, 0);
        return variance.Add(isZero).Sqrt().Sub(isZero);
    }

    /// <summary>1 where low ≤ x ≤ high, else 0, a constant.</summary>
    private static Tensor Indicator(Tensor x, double low, double high)
    {
        var indicator = Tensor.Empty(x.Shape, x.DType, x.Backend);
        x.Backend.Run(new UnaryArgs(UnaryKind.InRange, x, indicator, low, high));
        return indicator;
    }
}
