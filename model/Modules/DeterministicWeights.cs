using System.Text;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Modules;

/// <summary>
/// Weights that any implementation can make from a tensor's name: FNV-1a of the name, then splitmix64 by index, mapped
/// to float32 in ±0.05, or in another range for trained weights where the recording says so (the golden data's README
/// has the rule). For comparisons between implementations only.
/// </summary>
public static class DeterministicWeights
{
    private const double Amplitude = 0.05;
    private const ulong GoldenGamma = 0x9E3779B97F4A7C15;

    private static readonly string[] NormNames = ["LayerNorm", "norm", "ln_"];

    /// <summary>The rule's plain values for a name.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="count">How many, in row-major order.</param>
    /// <param name="amplitude">Largest value.</param>
    public static float[] Values(string name, int count, double amplitude = Amplitude)
    {
        var hash = Fnv1A(name);
        var values = new float[count];
        for (var i = 0; i < count; i++)
        {
            var z = unchecked(hash + (ulong)(i + 1L) * GoldenGamma);
            var u = (Finalise(z) >> 11) * (1.0 / (1UL << 53));
            values[i] = (float)((2 * u - 1) * amplitude);
        }
        return values;
    }

    /// <summary>
    /// Overwrites every floating entry by the rule and its exceptions: layer-norm weights are 1 + value, scalars are
    /// what a fresh model has (temperatures), in single precision, queues have columns of length 1. Whole numbers stay.
    /// </summary>
    /// <param name="module">The model.</param>
    /// <param name="amplitude">Largest value of trained weights and their copies; queues keep ±0.05.</param>
    /// <param name="queuesInOwnType">
    /// Whether a model in double precision has columns normalised in double precision; else they are those of single
    /// precision.
    /// </param>
    public static void Fill(Module module, double amplitude = Amplitude, bool queuesInOwnType = false)
    {
        foreach (var entry in module.StateEntries)
        {
            if (entry.IsAlias || entry.Parameter.Kind == ParameterKind.Integers) continue;
            if (queuesInOwnType && entry.Parameter is { Kind: ParameterKind.Buffer, Tensor.DType: DType.F64 } queue)
                queue.Overwrite(t => t.Load<double>(
                    UnitColumns(Values(queue.Name, queue.Shape.Count), queue.Shape[1])));
            else
            {
                var values = ForParameter(entry.Parameter, amplitude);
                entry.Parameter.Overwrite(t => TensorValues.Load(t, values));
            }
        }
    }

    private static float[] ForParameter(Parameter parameter, double amplitude)
    {
        if (parameter.Shape.Rank == 0) return [(float)parameter.Value.Item()];
        var name = parameter.Name;
        var values = Values(
            name, parameter.Shape.Count, parameter.Kind == ParameterKind.Buffer ? Amplitude : amplitude);
        var norm = NormNames.Any(n => name.Contains(n, StringComparison.Ordinal));
        if (norm && name.EndsWith(".weight", StringComparison.Ordinal))
            for (var i = 0; i < values.Length; i++) values[i] = 1 + values[i];
        if (parameter.Kind == ParameterKind.Buffer) NormalizeColumns(values, parameter.Shape[1]);
        return values;
    }

    /// <summary>
    /// In the reference's single-precision order (fused multiply-add down each column), which gives its queues bit for
    /// bit: the contrastive gradients of a double-precision replay would show a difference in the last place.
    /// </summary>
    private static void NormalizeColumns(float[] values, int columns)
    {
        for (var c = 0; c < columns; c++)
        {
            float sum = 0;
            for (var i = c; i < values.Length; i += columns) sum = MathF.FusedMultiplyAdd(values[i], values[i], sum);
            var length = MathF.Sqrt(sum);
            for (var i = c; i < values.Length; i += columns) values[i] /= length;
        }
    }

    private static double[] UnitColumns(float[] values, int columns)
    {
        var unit = Array.ConvertAll(values, v => (double)v);
        for (var c = 0; c < columns; c++)
        {
            double sum = 0;
            for (var i = c; i < unit.Length; i += columns) sum += unit[i] * unit[i];
            var length = Math.Sqrt(sum);
            for (var i = c; i < unit.Length; i += columns) unit[i] /= length;
        }
        return unit;
    }

    private static ulong Fnv1A(string name)
    {
        var hash = 0xCBF29CE484222325;
        foreach (var b in Encoding.UTF8.GetBytes(name)) hash = unchecked((hash ^ b) * 0x100000001B3);
        return hash;
    }

    private static ulong Finalise(ulong z)
    {
        unchecked
        {
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
