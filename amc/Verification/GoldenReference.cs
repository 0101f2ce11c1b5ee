using System.Globalization;
using System.Text.RegularExpressions;
using AmcEngine.Serialization;

namespace AmcEngine.Amc.Verification;

/// <summary>How much of a tensor a golden file stores.</summary>
internal enum ReferenceForm
{
    /// <summary>All of it.</summary>
    Full,

    /// <summary>Its first elements in row-major order.</summary>
    Head,

    /// <summary>Its L2 norm.</summary>
    Norm,

    /// <summary>A block at its origin, for example the first logits of each position.</summary>
    Block,
}

/// <summary>A stored result: which tensor it describes, in which form.</summary>
/// <param name="Kind">Kind of result: out, loss, grad_total, grad_amc, posembed, after3.</param>
/// <param name="Name">Name within the kind.</param>
/// <param name="Form">How much of the tensor is stored.</param>
/// <param name="Data">The stored values.</param>
internal sealed partial record GoldenReference(string Kind, string Name, ReferenceForm Form, TensorData Data)
{
    /// <summary>Reads the name of a stored tensor, in the long form and in all short ones.</summary>
    public static GoldenReference Parse(TensorData data)
    {
        var slash = data.Name.IndexOf('/', StringComparison.Ordinal);
        var (kind, name) = slash < 0 ? (data.Name, "") : (data.Name[..slash], data.Name[(slash + 1)..]);
        if (ShortKind().Match(kind) is { Success: true } k)
            return new GoldenReference(
                k.Groups[1].Value, name, k.Groups[2].Value == "l2" ? ReferenceForm.Norm : ReferenceForm.Head, data);
        if (ShortName().Match(name) is { Success: true } n)
            return new GoldenReference(
                kind, n.Groups[1].Value, n.Groups[2].Value == "l2" ? ReferenceForm.Norm : ReferenceForm.Head, data);
        if (BlockName().Match(name) is { Success: true } b)
            return new GoldenReference(kind, b.Groups[1].Value, ReferenceForm.Block, data);
        return new GoldenReference(kind, name, ReferenceForm.Full, data);
    }

    /// <summary>
    /// The part of a computed result that the reference describes, with flat positions; null where the sizes do not
    /// fit.
    /// </summary>
    public (double[] Values, int[]? Positions)? Select(GoldenValue value) => Form switch
    {
        ReferenceForm.Norm => ([Norm(value.Values)], null),
        ReferenceForm.Head when Data.Count <= value.Values.Length => (value.Values[..(int)Data.Count], null),
        ReferenceForm.Block => Block(value),
        ReferenceForm.Full when Data.Count == value.Values.Length => (value.Values, null),
        _ => null,
    };

    /// <summary>Root of the sum of squares.</summary>
    public static double Norm(ReadOnlySpan<double> values)
    {
        double sum = 0;
        foreach (var v in values) sum += v * v;
        return Math.Sqrt(sum);
    }

    /// <summary>Leading extents may be merged in the reference ([B·L, 8] for [B, L, 8]).</summary>
    private (double[], int[]?)? Block(GoldenValue value)
    {
        int[] stored = [.. Data.Shape.Select(d => (int)d)];
        var shape = value.Shape;
        if (stored.Length < shape.Length)
        {
            var merged = shape.Length - stored.Length + 1;
            shape = [shape.Take(merged).Aggregate(1, (a, b) => a * b), .. shape.Skip(merged)];
        }
        if (stored.Length != shape.Length || stored.Zip(shape).Any(p => p.First > p.Second)) return null;
        var picked = new double[Data.Count];
        var positions = new int[Data.Count];
        for (var i = 0; i < picked.Length; i++)
        {
            var (rest, flat, stride) = (i, 0, 1);
            for (var axis = stored.Length - 1; axis >= 0; axis--)
            {
                flat += rest % stored[axis] * stride;
                rest /= stored[axis];
                stride *= shape[axis];
            }
            (picked[i], positions[i]) = (value.Values[flat], flat);
        }
        return (picked, positions);
    }

    /// <summary>Name and size, for messages.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Data.Name} [{string.Join(",", Data.Shape)}]");

    [GeneratedRegex(@"^(.+)_(head\d+|l2)$")]
    private static partial Regex ShortKind();

    [GeneratedRegex(@"^(.+)/(head\d+|l2)$")]
    private static partial Regex ShortName();

    [GeneratedRegex(@"^(.+)_first\d+$")]
    private static partial Regex BlockName();
}

/// <summary>A computed result on the host.</summary>
/// <param name="Values">Row-major values.</param>
/// <param name="Shape">Extents.</param>
internal sealed record GoldenValue(double[] Values, int[] Shape);
