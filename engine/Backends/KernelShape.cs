namespace AmcEngine.Backends;

/// <summary>
/// Sizes of a matrix product or an attention, as the key of a count: no text is made while measuring.
/// </summary>
public readonly record struct KernelShape
{
    private readonly Kind _kind;
    private readonly int _a;
    private readonly int _b;
    private readonly int _c;
    private readonly int _d;
    private readonly int _e;

    private KernelShape(Kind kind, int a, int b, int c, int d, int e) =>
        (_kind, _a, _b, _c, _d, _e) = (kind, a, b, c, d, e);

    private enum Kind : byte
    {
        None,
        Product,
        Attention,
    }

    /// <summary>Rows, columns, inner length and number of matrix products.</summary>
    public static KernelShape Product(int m, int n, int k, int batch) => new(Kind.Product, m, n, k, batch, 0);

    /// <summary>Samples, heads, query rows, key rows and width of a head.</summary>
    public static KernelShape Attention(int b, int h, int lq, int lk, int d) => new(Kind.Attention, b, h, lq, lk, d);

    /// <summary>The sizes as text: <c>M37 N53 K19</c>; empty where there are none.</summary>
    public override string ToString() => _kind switch
    {
        Kind.Product => _d == 1 ? $"M{_a} N{_b} K{_c}" : $"M{_a} N{_b} K{_c} batch {_d}",
        Kind.Attention => $"B{_a} H{_b} Lq{_c} Lk{_d} D{_e}",
        _ => "",
    };
}
