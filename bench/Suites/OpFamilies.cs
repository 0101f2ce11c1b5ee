using AmcEngine.Ops;

namespace AmcEngine.Bench.Suites;

/// <summary>Which suite measures which op of the catalog: those with a benchmark case, each in one suite.</summary>
public static class OpFamilies
{
    public static readonly IReadOnlyDictionary<string, string[]> Named = new Dictionary<string, string[]>
    {
        ["MatMul"] = ["matmul", "linear", "linear_gelu", "linear_quick_gelu", "linear_residual"],
        ["Attention"] = ["scaled_dot_product_attention", "attention_with_map", "masked_softmax"],
        ["Normalization"] = ["layer_norm", "l2_normalize"],
        ["Softmax"] = ["softmax", "log_softmax"],
        ["Loss"] = ["cross_entropy", "soft_cross_entropy"],
        ["Explanation"] = ["gradcam", "minmax_normalize", "mean_margin_loss", "max_margin_loss"],
    };

    private static IEnumerable<string> Measured =>
        OpCatalog.Entries.Values.Where(e => e.Benchmark is not null).Select(e => e.Name);

    /// <summary>Ops of a family that have a benchmark case.</summary>
    public static string[] Of(string family) => [.. Measured.Where(Named[family].Contains)];

    /// <summary>All that no other family names: elementwise ops, mostly.</summary>
    public static string[] Elementwise => [.. Measured.Where(o => !Named.Values.Any(f => f.Contains(o)))];
}
