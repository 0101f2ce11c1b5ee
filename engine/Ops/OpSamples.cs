using AmcEngine.Backends;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>Draws the inputs of sample cases: what all checks over the catalog share.</summary>
internal static class OpSamples
{
    /// <summary>Every case of every entry, as (op, index).</summary>
    public static IEnumerable<(string Op, int Case)> All(Func<OpEntry, bool>? filter = null) =>
        from entry in OpCatalog.Entries.Values
        where filter is null || filter(entry)
        from i in Enumerable.Range(0, entry.Cases.Length)
        select (entry.Name, i);

    /// <summary>Inputs of a case in a floating type; the same values in f32 and f64.</summary>
    public static Tensor[] Draw(OpCase sample, DType dtype, IBackend backend, int seed = 5)
    {
        var random = new Random(seed);
        return [.. sample.Inputs.Select(input => Draw(input, dtype, backend, random))];
    }

    private static Tensor Draw(OpInput input, DType dtype, IBackend backend, Random random)
    {
        var shape = new Shape(input.Dims);
        if (input.Integers > 0)
        {
            var ids = new int[shape.Count];
            for (var i = 0; i < ids.Length; i++) ids[i] = random.Next(input.Integers);
            var t = Tensor.From(ids, shape, backend);
            return input.Floating ? t.To(dtype) : t;
        }
        var values = new double[shape.Count];
        for (var i = 0; i < values.Length; i++)
        {
            do values[i] = (float)(input.Low + (input.High - input.Low) * random.NextDouble());
            while (Math.Abs(values[i]) < input.MinimumGap);
        }
        return Tensor.From(values, shape, backend).To(dtype);
    }
}
