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
        for (var i = 0; i < source.Count; i++)
        {
            if (!source[i].Shape.Equals(target[i].Shape))
                throw new ShapeException("ema", $"{source[i]} does not fit {target[i]}");
            target[i].Backend.Lerp(source[i], 1 - momentum, target[i]);
            target[i].Storage.Touch();
        }
    }
}
