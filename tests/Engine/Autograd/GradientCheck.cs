using AmcEngine.Autograd;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Tests.Engine.Autograd;

/// <summary>Worst disagreement of a gradient check.</summary>
/// <param name="Order">Order of the derivative.</param>
/// <param name="Error">
/// |analytic − numeric| relative to max(1, |numeric|); infinite, and never NaN, where one of them is no finite number.
/// </param>
/// <param name="Analytic">The engine's directional derivative.</param>
/// <param name="Numeric">The central difference.</param>
internal readonly record struct GradientCheckResult(int Order, double Error, double Analytic, double Numeric)
{
    /// <summary>Which inputs the gradients were taken of, in words; null where it was all of them.</summary>
    public string? Inputs { get; init; }
}

/// <summary>
/// Compares gradients of any order with central differences along random directions, in f64: the derivative of order
/// n is checked as the first derivative of the engine's gradient of order n − 1. A derivative that is not a number is
/// an infinite error.
/// </summary>
internal static partial class GradientCheck
{
    /// <summary>
    /// Step of the central difference: the cube root of the f64 rounding unit balances truncation and rounding.
    /// </summary>
    private const double Step = 6e-6;

    /// <summary>Checks a function of f64 tensors to the given order.</summary>
    /// <param name="function">Differentiable inputs to one output of any shape.</param>
    /// <param name="inputs">f64 values; the function is differentiated with respect to all of them.</param>
    /// <param name="order">1 or more.</param>
    /// <param name="seed">Seed of the directions.</param>
    /// <param name="directions">Random directions an order.</param>
    /// <returns>The worst result of each order.</returns>
    /// <exception cref="DTypeException">An input is not f64.</exception>
    public static IReadOnlyList<GradientCheckResult> Run(
        Func<IReadOnlyList<Tensor>, Tensor> function, IReadOnlyList<Tensor> inputs, int order = 2, int seed = 1,
        int directions = 3)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(order, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(directions, 1);
        RequireF64(inputs);
        var random = new Random(seed);
        var results = new List<GradientCheckResult>();
        var scalar = Contract(function, random);
        for (var n = 1; n <= order; n++)
        {
            var worst = new GradientCheckResult(n, -1, 0, 0);
            for (var d = 0; d < directions; d++) worst = Worse(worst, Directional(scalar, inputs, n, random));
            results.Add(worst);
            if (n < order) scalar = Derivative(scalar, [.. inputs.Select(x => Direction(x.Count, random))]);
        }
        return results;
    }

    /// <summary>⟨function, fixed random cotangent⟩.</summary>
    private static Func<IReadOnlyList<Tensor>, Tensor> Contract(
        Func<IReadOnlyList<Tensor>, Tensor> function, Random random)
    {
        double[]? cotangent = null;
        return x =>
        {
            var y = function(x);
            cotangent ??= Direction(y.Count, random);
            return y.Mul(Tensor.From(cotangent, y.Shape, y.Backend)).Sum();
        };
    }

    /// <summary>Σᵢ⟨∂scalar/∂xᵢ, rᵢ⟩ as a function that can be differentiated again.</summary>
    private static Func<IReadOnlyList<Tensor>, Tensor> Derivative(
        Func<IReadOnlyList<Tensor>, Tensor> scalar, double[][] r) => x =>
        {
            var y = scalar(x);
            var total = Tensor.Zeros([], DType.F64, y.Backend);
            if (!y.RequiresGrad) return total;
            var grads = AutogradEngine.Grad([y], x, createGraph: true);
            for (var i = 0; i < grads.Length; i++)
                if (grads[i] is { } g) total = total.Add(Along(g, x[i], r[i]));
            return total;
        };

    /// <summary>⟨gradient, direction⟩; a gradient has the shape of its input.</summary>
    private static Tensor Along(Tensor g, Tensor input, double[] direction)
    {
        OpSupport.RequireShape("gradient_check", "a gradient", g, input.Shape);
        return g.Mul(Tensor.From(direction, g.Shape, g.Backend)).Sum();
    }

    private static void RequireF64(IReadOnlyList<Tensor> inputs)
    {
        foreach (var x in inputs)
            if (x.DType != DType.F64) throw new DTypeException("gradient_check", $"{x} is not f64");
    }

    private static GradientCheckResult Directional(
        Func<IReadOnlyList<Tensor>, Tensor> scalar, IReadOnlyList<Tensor> inputs, int order, Random random)
    {
        var r = inputs.Select(x => Direction(x.Count, random)).ToArray();
        double analytic;
        using (MemoryScope.Begin())
            analytic = Derivative(scalar, r)(Shifted(inputs, r, 0)).Item();
        var (up, down) = (Value(scalar, inputs, r, Step), Value(scalar, inputs, r, -Step));
        return Compare(order, analytic, (up - down) / (2 * Step));
    }

    /// <summary>The disagreement of two numbers; infinite where one of them is none.</summary>
    private static GradientCheckResult Compare(int order, double analytic, double numeric)
    {
        var error = Math.Abs(analytic - numeric) / Math.Max(1, Math.Abs(numeric));
        return new GradientCheckResult(
            order, double.IsFinite(error) ? error : double.PositiveInfinity, analytic, numeric);
    }

    /// <summary>The one of two results with the larger error.</summary>
    private static GradientCheckResult Worse(GradientCheckResult a, GradientCheckResult b) =>
        a.Error >= b.Error ? a : b;

    private static double Value(
        Func<IReadOnlyList<Tensor>, Tensor> scalar, IReadOnlyList<Tensor> inputs, double[][] r, double step)
    {
        using var scope = MemoryScope.Begin();
        return scalar(Shifted(inputs, r, step)).Item();
    }

    private static Tensor[] Shifted(IReadOnlyList<Tensor> inputs, double[][] r, double step)
    {
        var shifted = new Tensor[inputs.Count];
        for (var i = 0; i < shifted.Length; i++)
        {
            var values = inputs[i].ToArray<double>();
            for (var j = 0; j < values.Length; j++) values[j] += step * r[i][j];
            shifted[i] = Tensor.From(values, inputs[i].Shape, inputs[i].Backend).SetRequiresGrad();
        }
        return shifted;
    }

    private static double[] Direction(int count, Random random)
    {
        var r = new double[count];
        for (var i = 0; i < count; i++) r[i] = 2 * random.NextDouble() - 1;
        return r;
    }
}
