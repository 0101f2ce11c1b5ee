using AmcEngine.Backends;
using AmcEngine.Tensors;

namespace AmcEngine.Diagnostics;

/// <summary>
/// Work of a kernel: floating-point operations, and compulsory traffic in bytes (every operand read once, every result
/// written once; what a kernel reads again because a cache is small is not counted, nor what it keeps for itself).
/// </summary>
/// <param name="Flop">Operations; a function such as exp counts what its polynomial costs, about.</param>
/// <param name="Bytes">Bytes.</param>
internal readonly record struct OpCost(double Flop, double Bytes)
{
    /// <summary>A fixed number of operations for each element of <paramref name="y"/>; all tensors once.</summary>
    public static OpCost Elementwise(double flop, Tensor y, params ReadOnlySpan<Tensor?> others)
    {
        var bytes = Size(y);
        foreach (var t in others) bytes += Size(t);
        return new OpCost(flop * y.Count, bytes);
    }

    public static double Size(Tensor? t) => t is null ? 0 : (double)t.Count * t.DType.Size();

    /// <summary>2·M·N·K a product; each operand once, however often a batch stride of 0 repeats it.</summary>
    public static OpCost Of(in MatMulArgs args)
    {
        double entries = (double)args.Batch0 * args.Batch1, size = args.C.DType.Size();
        double product = (double)args.M * args.N, results = 1 + (args.Accumulate ? 1 : 0) + (args.PreActivation is null ? 0 : 1) + (args.Residual is null ? 0 : 1);
        double a = (double)args.M * args.K * Distinct(args, args.A0, args.A1), b = (double)args.K * args.N * Distinct(args, args.B0, args.B1);
        return new OpCost(2 * product * args.K * entries, size * (a + b + product * entries * results) + Size(args.Bias));
    }

    /// <summary>Attention: <paramref name="products"/> multiplications of Lq·Lk·D a head; <paramref name="q"/> and <paramref name="k"/> tensors of either layout.</summary>
    public static OpCost Of(in AttentionArgs args, int products, int q, int k)
    {
        double heads = (double)args.B * args.H, size = args.Q.DType.Size();
        double queries = heads * args.Lq * args.D, keys = heads * args.Lk * args.D;
        return new OpCost(2.0 * products * heads * args.Lq * args.Lk * args.D, size * (q * queries + k * keys + heads * args.Lq) + Size(args.Mask));
    }

    /// <summary>Operations of one element.</summary>
    public static double Operations(UnaryKind kind) => kind switch
    {
        UnaryKind.Exp => 15,
        UnaryKind.Log or UnaryKind.Tanh or UnaryKind.Sigmoid or UnaryKind.GeluSecond => 20,
        UnaryKind.Erf or UnaryKind.Gelu => 30,
        UnaryKind.GeluFirst => 40,
        UnaryKind.QuickGelu => 25,
        UnaryKind.QuickGeluFirst or UnaryKind.QuickGeluSecond => 30,
        UnaryKind.Affine => 2,
        _ => 1,
    };

    /// <summary>Operations of one element.</summary>
    public static double Operations(BinaryKind kind) => kind switch
    {
        BinaryKind.GeluBackward => 40,
        BinaryKind.QuickGeluBackward => 30,
        BinaryKind.TanhBackward or BinaryKind.SigmoidBackward => 3,
        _ => 1,
    };

    private static double Distinct(in MatMulArgs args, long outer, long inner) =>
        (outer == 0 ? 1 : args.Batch0) * (double)(inner == 0 ? 1 : args.Batch1);
}
