using System.Text.Json;
using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Diagnostics;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Serialization;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Verification;

/// <summary>A recorded call of one op of the reference.</summary>
/// <param name="Name">Name of the case, which its tensors carry.</param>
/// <param name="Op">The op's name in the catalog.</param>
/// <param name="Attributes">Attributes of the call.</param>
internal sealed record GoldenOp(string Name, string Op, OpAttributes Attributes);

/// <summary>How far one result of a recorded call is from the reference's.</summary>
/// <param name="What">Value, gradient, or gradient of the gradient.</param>
/// <param name="Error">Relative L2 error.</param>
/// <param name="Allowed">Largest error that passes.</param>
internal sealed record GoldenOpError(string What, double Error, double Allowed)
{
    /// <summary>Whether it passes; NaN does not.</summary>
    public bool Passed => Error <= Allowed;
}

/// <summary>
/// The reference's numbers for single ops (<c>ops.json</c>, <c>ops.safetensors</c>): value, vector-Jacobian product,
/// and its gradient.
/// </summary>
internal static class GoldenOps
{
    /// <summary>The list of cases.</summary>
    public const string ListFile = "ops.json";

    /// <summary>Their tensors.</summary>
    public const string TensorFile = "ops.safetensors";

    private static readonly string[] IndexNames = ["ids", "labels", "index"];

    /// <summary>The cases of a folder; none where it has no list.</summary>
    public static IReadOnlyList<GoldenOp> Cases(string folder)
    {
        var path = Path.Combine(folder, ListFile);
        if (!File.Exists(path)) return [];
        using var json = JsonDocument.Parse(File.ReadAllText(path));
        return [.. json.RootElement.EnumerateArray().Select(c =>
            new GoldenOp(c.GetProperty("name").GetString()!, c.GetProperty("op").GetString()!,
                Attributes(c.GetProperty("attrs"))))];
    }

    /// <summary>Replays a case on a device.</summary>
    /// <param name="golden">The case.</param>
    /// <param name="file">The folder's tensors.</param>
    /// <param name="dtype">Element type to compute in.</param>
    /// <param name="backend">The device.</param>
    public static IReadOnlyList<GoldenOpError> Compare(
        GoldenOp golden, SafetensorsReader file, DType dtype, IBackend backend)
    {
        using var scope = MemoryScope.Begin();
        return new Replay(golden.Name, file, dtype, backend).Run(golden);
    }

    private static OpAttributes Attributes(JsonElement attrs)
    {
        var result = new OpAttributes();
        foreach (var p in attrs.EnumerateObject())
            result[p.Name] = p.Value.ValueKind switch
            {
                JsonValueKind.Array => p.Value.EnumerateArray().Select(e => e.GetInt32()).ToArray(),
                JsonValueKind.Number => p.Value.GetDouble(),
                JsonValueKind.String => p.Value.GetString()!,
                _ => p.Value.GetBoolean(),
            };
        return result;
    }

    private sealed class Replay(string name, SafetensorsReader file, DType dtype, IBackend backend)
    {
        // The reference computed in f64 on inputs that the file stores rounded to f32 (2⁻²⁵ relative): where it did,
        // an exact f64 op differs by that rounding; elsewhere errors are about 1e-16.
        private readonly double _value = dtype == DType.F32 ? 1e-4 : 1e-7;
        private readonly double _gradient = dtype == DType.F32 ? 1e-3 : 1e-7;
        private readonly List<GoldenOpError> _errors = [];

        public List<GoldenOpError> Run(GoldenOp golden)
        {
            var inputs = Enumerable.Range(0, 99).TakeWhile(i => file.Contains($"{name}/in{i}"))
                .Select(i => Load($"{name}/in{i}")).ToList();
            var differentiable =
                inputs.Select((t, i) => file.Contains($"{name}/grad{i}") ? t.SetRequiresGrad() : null).ToArray();
            inputs.AddRange(IndexNames.Where(k => file.Contains($"{name}/{k}")).Select(k => LoadIndex($"{name}/{k}")));

            var y = OpCatalog.Entries[golden.Op].Run([.. inputs], golden.Attributes);
            Add("value", y, file[$"{name}/out"].ToF64(), _value);
            var cotangent = Load($"{name}/cotangent").Reshape(y.Shape.Dims).SetRequiresGrad();
            var free = differentiable.OfType<Tensor>().ToArray();
            var grads = AutogradEngine.Grad([y], free, [cotangent], createGraph: true);
            var total = Tensor.Zeros([], dtype, backend);
            for (int i = 0, n = 0; i < differentiable.Length; i++)
            {
                if (differentiable[i] is null) continue;
                Add($"gradient {i}", grads[n]!, file[$"{name}/grad{i}"].ToF64(), _gradient);
                total = total.Add(grads[n]!.Mul(Load($"{name}/r{i}")).Sum());
                n++;
            }
            SecondOrder(total, differentiable, cotangent);
            return _errors;
        }

        private void SecondOrder(Tensor total, Tensor?[] differentiable, Tensor cotangent)
        {
            Tensor[] targets = [.. differentiable.OfType<Tensor>(), cotangent];
            var second = total.RequiresGrad ? AutogradEngine.Grad([total], targets) : new Tensor?[targets.Length];
            string[] names = [.. differentiable.Select((t, i) => t is null ? null : $"gradgrad{i}").OfType<string>(),
                "gradgrad_cotangent"];
            for (var i = 0; i < names.Length; i++)
            {
                // Absent means zero, on either side.
                var actual = second[i] ?? Tensor.Zeros(targets[i].Shape, targets[i].DType, backend);
                Add(names[i], actual, file.Contains($"{name}/{names[i]}")
                    ? file[$"{name}/{names[i]}"].ToF64()
                    : new double[actual.Count], _gradient);
            }
        }

        private void Add(string what, Tensor actual, double[] expected, double allowed) =>
            _errors.Add(new GoldenOpError(what, RelativeError.L2(actual.ToDoubles(), expected), allowed));

        private Tensor Load(string key) => Tensor.From(file[key].ToF64(), Shape(file[key]), backend).To(dtype);

        private Tensor LoadIndex(string key) =>
            Tensor.From(Array.ConvertAll(file[key].ToI64(), v => (int)v), Shape(file[key]), backend);

        private static Shape Shape(TensorData data) => new([.. data.Shape.Select(d => (int)d)]);
    }
}
