using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>Kernel of a resize.</summary>
public enum InterpolationMode
{
    /// <summary>Linear in each direction, no antialiasing.</summary>
    Bilinear,
    /// <summary>Keys' cubic with A = −0.75 in each direction, no antialiasing.</summary>
    Bicubic,
}

/// <summary>
/// Resizing with PyTorch's coefficients. A resize is linear and separable, so it is two matrix products with small
/// constant matrices: gradients of every order, and every back end, come with the product.
/// </summary>
[OpFamily]
public static class Interpolation
{
    private const double CubicA = -0.75;

    /// <summary>Resizes the last two axes to height × width.</summary>
    /// <exception cref="ShapeException">There are fewer than two axes, or an empty one.</exception>
    [Op("interpolate")]
    public static Tensor Interpolate(
        this Tensor x, int height, int width, InterpolationMode mode, bool alignCorners = false)
    {
        OpSupport.RequireFloating("interpolate", x);
        if (x.Shape.Rank < 2 || x.Count == 0 || height < 1 || width < 1)
            throw new ShapeException("interpolate", $"{x.Shape} cannot be resized to {height}×{width}");
        var (h, w) = (x.Shape[-2], x.Shape[-1]);
        if (h == height && w == width) return x;
        var rows = Matrix(h, height, mode, alignCorners, x);
        var columns = Matrix(w, width, mode, alignCorners, x);
        return rows.MatMul(x.MatMul(columns, transposeB: true));
    }

    private static Tensor Matrix(int from, int to, InterpolationMode mode, bool alignCorners, Tensor like) =>
        Tensor.From(Weights(from, to, mode, alignCorners, like.DType == DType.F32), [to, from], like.Backend)
            .To(like.DType);

    /// <summary>
    /// Row d of the <c>[to, from]</c> matrix holds the weights of the source elements of output d. Source positions are
    /// not clamped for the cubic, taps are; in f32 positions are rounded as PyTorch's f32 kernels round them.
    /// </summary>
    /// <param name="from">Elements of the source.</param>
    /// <param name="to">Elements wanted.</param>
    /// <param name="mode">The kernel.</param>
    /// <param name="alignCorners">Whether the outermost elements keep their place.</param>
    /// <param name="single">Whether positions are those of f32.</param>
    public static double[] Weights(int from, int to, InterpolationMode mode, bool alignCorners, bool single)
    {
        var weights = new double[to * from];
        var scale = alignCorners ? (to > 1 ? (from - 1.0) / (to - 1) : 0) : (double)from / to;
        for (var d = 0; d < to; d++)
        {
            var source = alignCorners ? d * scale : (d + 0.5) * scale - 0.5;
            if (single) source = alignCorners ? d * (float)scale : (d + 0.5f) * (float)scale - 0.5f;
            var row = weights.AsSpan(d * from, from);
            if (mode == InterpolationMode.Bilinear) Linear(row, Math.Max(source, 0));
            else Cubic(row, source);
        }
        return weights;
    }

    private static void Linear(Span<double> row, double source)
    {
        var i = Math.Min((int)source, row.Length - 1);
        var t = source - i;
        row[i] += 1 - t;
        row[Math.Min(i + 1, row.Length - 1)] += t;
    }

    private static void Cubic(Span<double> row, double source)
    {
        var i = (int)Math.Floor(source);
        var t = source - i;
        ReadOnlySpan<double> taps = [Far(t + 1), Near(t), Near(1 - t), Far(2 - t)];
        for (var k = 0; k < 4; k++) row[Math.Clamp(i - 1 + k, 0, row.Length - 1)] += taps[k];

        static double Near(double x) => ((CubicA + 2) * x - (CubicA + 3)) * x * x + 1;
        static double Far(double x) => ((CubicA * x - 5 * CubicA) * x + 8 * CubicA) * x - 4 * CubicA;
    }

    internal static readonly OpEntry[] Entries =
    [
        new("interpolate", (t, a) => t[0].Interpolate(a.Ints("size")[0], a.Ints("size")[1],
                a.Text("mode", "bilinear") == "bicubic" ? InterpolationMode.Bicubic : InterpolationMode.Bilinear,
                a.Bool("align_corners")), Case("bilinear", false), Case("bilinear", true), Case("bicubic", false),
                Case("bicubic", true)),
    ];

    private static OpCase Case(string mode, bool align) =>
        new([2, 1, 4, 5], [], new() { ["mode"] = mode, ["align_corners"] = align, ["size"] = new[] { 7, 3 } });
}
