using AmcEngine.Serialization;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Verification;

/// <summary>
/// Measures computed results against stored ones and gathers the verdicts by group. A stored result in single
/// precision was also computed in single precision: its own rounding is what the f32 allowance covers, so it keeps that
/// allowance when this engine computes in double precision. Only results stored as F64 are held to 1e-8.
/// </summary>
internal sealed class GoldenComparer(DType dtype)
{
    // For recordings of any size and depth. The tests hold the one of this repository to about ten times what is seen.
    private const double OutputAllowanceF32 = 1e-4;
    private const double GradientAllowanceF32 = 1e-3;
    private const double AllowanceF64 = 1e-8;

    // Wrong optimizers lie close: without decay weights are 3 · rate · decay = 6e-5 away, and rounding leaves 3e-6 to
    // 7e-6.
    private const double TrainedAllowance = 2e-5;
    private const double AbsoluteAllowance = 1e-6;

    /// <summary>
    /// A reference below this is zero up to rounding (as key biases are): only an absolute comparison means something.
    /// </summary>
    private const double Vanishing = 1e-10;

    private static readonly string[] PackedBiases = [".qkv.bias", ".in_proj_bias"];

    private readonly Dictionary<string, VerificationGroup> _groups = [];

    public IReadOnlyList<VerificationGroup> Groups => [.. _groups.Values];

    /// <summary>
    /// Compares one stored result. Several candidates are given where the format leaves open which rows it holds; the
    /// nearest one counts.
    /// </summary>
    public void Compare(GoldenReference reference, IReadOnlyList<GoldenValue> candidates)
    {
        var selected = candidates.Select(reference.Select).OfType<(double[] Values, int[]? Positions)>().ToList();
        if (selected.Count == 0)
        {
            Add(GroupName(reference, ""), reference, double.PositiveInfinity, Allowance(reference));
            return;
        }
        if (!reference.Data.Type.IsFloatingPoint())
        {
            var stored = reference.Data.ToI64();
            Add($"{reference.Kind} (exact)", reference,
                selected.Min(s => s.Values.Zip(stored).Count(p => p.First != p.Second)), 0);
            return;
        }
        Compare(reference, reference.Data.ToF64(), selected);
    }

    private void Compare(GoldenReference reference, double[] stored, List<(double[] Values, int[]? Positions)> selected)
    {
        bool[] key = [.. Enumerable.Range(0, stored.Length).Select(i => IsKeyBias(reference, i))];
        var hasKey = key.Contains(true);
        if (hasKey && reference.Kind != "after3")
            Add($"{reference.Kind} key biases (absolute)", reference,
                selected.Min(s => Largest(s.Values, stored, i => key[i])), AbsoluteAllowance);
        if (hasKey && !key.Contains(false)) return;
        // A map that is min-max normalised does not depend on a factor of its score, but for the eps: large terms
        // cancel.
        if (reference is { Kind: "grad_amc", Name: "logit_scale" })
        {
            Add("grad_amc scale (absolute)", reference, selected.Min(s => Largest(s.Values, stored, _ => true)),
                AbsoluteAllowance);
            return;
        }
        if (stored.Where((_, i) => !key[i]).All(v => Math.Abs(v) < Vanishing))
            Add($"{reference.Kind} vanishing (absolute)", reference,
                selected.Min(s => Largest(s.Values, stored, i => !key[i])), AbsoluteAllowance);
        else
            Add(GroupName(reference, ""), reference, selected.Min(s => Relative(s.Values, stored, key)),
                Allowance(reference));
    }

    /// <summary>
    /// Biases of attention keys shift all scores of a query alike: their gradient is zero in theory, and training
    /// moves them by rounding noise. In packed projections they are the middle third of the bias.
    /// </summary>
    private static bool IsKeyBias(GoldenReference reference, int index)
    {
        if (reference.Kind is not ("grad_total" or "grad_amc" or "after3")) return false;
        if (reference.Name.EndsWith(".key.bias", StringComparison.Ordinal)) return true;
        if (reference.Form != ReferenceForm.Full || !PackedBiases.Any(
            b => reference.Name.EndsWith(b, StringComparison.Ordinal))) return false;
        var width = reference.Data.Count / 3;
        return index >= width && index < 2 * width;
    }

    private double Allowance(GoldenReference reference)
    {
        if (reference.Kind == "after3") return TrainedAllowance;
        if (dtype == DType.F64 && reference.Data.Type == TensorDataType.F64) return AllowanceF64;
        return reference.Kind is "grad_total" or "grad_amc" ? GradientAllowanceF32 : OutputAllowanceF32;
    }

    private static string GroupName(GoldenReference reference, string note) =>
        $"{reference.Kind}{note} ({(reference.Data.Type == TensorDataType.F64 ? "f64" : "f32")} reference)";

    private static double Relative(double[] values, double[] stored, bool[] skip)
    {
        double difference = 0, size = 0;
        for (var i = 0; i < stored.Length; i++)
        {
            if (skip[i]) continue;
            difference += (values[i] - stored[i]) * (values[i] - stored[i]);
            size += stored[i] * stored[i];
        }
        return Math.Sqrt(difference / size);
    }

    private static double Largest(double[] values, double[] stored, Func<int, bool> counts)
    {
        double largest = 0;
        for (var i = 0; i < stored.Length; i++)
            if (counts(i)) largest = Math.Max(largest, Math.Abs(values[i] - stored[i]));
        return largest;
    }

    private void Add(string group, GoldenReference reference, double error, double allowed)
    {
        // NaN compares as no number at all; it must not pass.
        if (double.IsNaN(error)) error = double.PositiveInfinity;
        var failures = error <= allowed ? 0 : 1;
        _groups[group] = !_groups.TryGetValue(group, out var g)
            ? new VerificationGroup(group, 1, error, reference.Data.Name, allowed, failures)
            : g with
            {
                Count = g.Count + 1,
                Failures = g.Failures + failures,
                WorstError = Math.Max(g.WorstError, error),
                WorstTensor = error > g.WorstError ? reference.Data.Name : g.WorstTensor,
            };
    }
}
