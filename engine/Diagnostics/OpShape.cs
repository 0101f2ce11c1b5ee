using AmcEngine.Backends;

namespace AmcEngine.Diagnostics;

/// <summary>Sizes of a matrix product or an attention, as the key of a count: no text is made while measuring.</summary>
internal readonly record struct OpShape
{
    private readonly Kind _kind;
    private readonly int _a;
    private readonly int _b;
    private readonly int _c;
    private readonly int _d;
    private readonly int _e;

    private OpShape(Kind kind, int a, int b, int c, int d, int e) => (_kind, _a, _b, _c, _d, _e) = (kind, a, b, c, d, e);

    private enum Kind : byte
    {
        None,
        Product,
        Attention,
    }

    public static OpShape Of(in MatMulArgs args) => new(Kind.Product, args.M, args.N, args.K, args.Batch0 * args.Batch1, 0);

    public static OpShape Of(in AttentionArgs args) => new(Kind.Attention, args.B, args.H, args.Lq, args.Lk, args.D);

    public override string ToString() => _kind switch
    {
        Kind.Product => _d == 1 ? $"M{_a} N{_b} K{_c}" : $"M{_a} N{_b} K{_c} batch {_d}",
        Kind.Attention => $"B{_a} H{_b} Lq{_c} Lk{_d} D{_e}",
        _ => "",
    };
}
