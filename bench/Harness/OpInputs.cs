using AmcEngine.Backends;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Bench.Harness;

/// <summary>Draws the inputs of a benchmark case in f32.</summary>
internal static class OpInputs
{
    public static Tensor[] Draw(OpCase sample, IBackend backend)
    {
        var random = new Random(1);
        return [.. sample.Inputs.Select(input =>
        {
            var shape = new Shape(input.Dims);
            if (input.Integers > 0 && !input.Floating)
                return Tensor.From(Enumerable.Range(0, shape.Count).Select(_ => random.Next(input.Integers)).ToArray(),
                    shape, backend);
            var values = new float[shape.Count];
            for (var i = 0; i < values.Length; i++)
                values[i] = input.Integers > 0
                    ? random.Next(input.Integers)
                    : (float)(input.Low + (input.High - input.Low) * random.NextDouble());
            return Tensor.From(values, shape, backend);
        })];
    }
}
