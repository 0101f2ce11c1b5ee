using AmcEngine.Backends;
using AmcEngine.Tensors;

namespace AmcEngine.Optim;

/// <summary>Momentum copies: θ_m ← momentum·θ_m + (1 − momentum)·θ (He et al. 2020, eq. 2).</summary>
public static class ExponentialMovingAverage
{
    /// <summary>Moves each target a step towards its source.</summary>
    /// <exception cref="ShapeException">The lists or shapes differ.</exception>
    public static void Update(IReadOnlyList<Tensor> source, IReadOnlyList<Tensor> target, double momentum)
    {
        if (source.Count != target.Count)
            throw new ShapeException("ema", $"{source.Count} sources for {target.Count} targets");
        var pairs = new TensorPair[source.Count];
        for (var i = 0; i < pairs.Length; i++)
        {
            if (!source[i].Shape.Equals(target[i].Shape))
                throw new ShapeException("ema", $"{source[i]} does not fit {target[i]}");
            pairs[i] = new TensorPair(source[i], target[i]);
        }
        if (pairs.Length == 0) return;
        target[0].Backend.Lerp(pairs, 1 - momentum);
        foreach (var t in target) t.Storage.Touch();
    }
}
