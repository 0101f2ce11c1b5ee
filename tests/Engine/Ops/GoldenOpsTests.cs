using System.Text.Json;
using AmcEngine.Autograd;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Serialization;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Ops;

/// <summary>The reference's numbers for single ops: value, vector-Jacobian product, and its gradient.</summary>
[TestFixture, Category("Golden")]
internal sealed class GoldenOpsTests
{
    private static readonly string[] IndexNames = ["ids", "labels", "index"];

    private static IEnumerable<TestCaseData> Cases()
    {
        var path = Path.Combine(GoldenFiles.Folder, "ops.json");
        if (!File.Exists(path)) yield break;
        using var json = JsonDocument.Parse(File.ReadAllText(path));
        foreach (var c in json.RootElement.EnumerateArray())
            foreach (var dtype in new[] { DType.F32, DType.F64 })
            {
                var name = c.GetProperty("name").GetString()!;
                yield return new TestCaseData(name, c.GetProperty("op").GetString()!, Attributes(c.GetProperty("attrs")), dtype)
                    .SetName($"Golden {name} {dtype}");
            }
    }

    [TestCaseSource(nameof(Cases))]
    public void Op_matches_the_reference(string name, string op, OpAttributes attributes, DType dtype)
    {
        using var scope = MemoryScope.Begin();
        using var file = SafetensorsReader.Open(GoldenFiles.Require("ops.safetensors"));
        // The reference computed in f64 on inputs that the file stores rounded to f32 (2⁻²⁵ relative): where it did,
        // an exact f64 op differs by that rounding; elsewhere errors are about 1e-16.
        var (value, gradient) = dtype == DType.F32 ? (1e-4, 1e-3) : (1e-7, 1e-7);
        var inputs = Enumerable.Range(0, 99).TakeWhile(i => file.Contains($"{name}/in{i}")).Select(i => Load(file[$"{name}/in{i}"], dtype)).ToList();
        var differentiable = inputs.Select((t, i) => file.Contains($"{name}/grad{i}") ? t.SetRequiresGrad() : null).ToArray();
        inputs.AddRange(IndexNames.Where(k => file.Contains($"{name}/{k}")).Select(k => LoadIndex(file[$"{name}/{k}"])));

        var y = OpCatalog.Entries[op].Run([.. inputs], attributes);
        Closeness.AreClose("value", y, file[$"{name}/out"].ToF64(), value);

        var cotangent = Load(file[$"{name}/cotangent"], dtype).Reshape(y.Shape.Dims).SetRequiresGrad();
        var free = differentiable.OfType<Tensor>().ToArray();
        var grads = AutogradEngine.Grad([y], free, [cotangent], createGraph: true);
        var total = Tensor.Zeros([], dtype, TestBackends.Cpu);
        for (int i = 0, n = 0; i < differentiable.Length; i++)
        {
            if (differentiable[i] is null) continue;
            Closeness.AreClose($"gradient {i}", grads[n]!, file[$"{name}/grad{i}"].ToF64(), gradient);
            total = total.Add(grads[n]!.Mul(Load(file[$"{name}/r{i}"], dtype)).Sum());
            n++;
        }
        SecondOrder(file, name, total, differentiable, cotangent, gradient);
    }

    private static void SecondOrder(SafetensorsReader file, string name, Tensor total, Tensor?[] differentiable, Tensor cotangent, double allowed)
    {
        Tensor[] targets = [.. differentiable.OfType<Tensor>(), cotangent];
        var second = total.RequiresGrad ? AutogradEngine.Grad([total], targets) : new Tensor?[targets.Length];
        var names = differentiable.Select((t, i) => t is null ? null : $"{name}/gradgrad{i}").OfType<string>().Append($"{name}/gradgrad_cotangent").ToArray();
        for (var i = 0; i < names.Length; i++)
        {
            // Absent means zero, on either side.
            var actual = second[i] ?? Tensor.Zeros(targets[i].Shape, targets[i].DType, TestBackends.Cpu);
            Closeness.AreClose(names[i], actual, file.Contains(names[i]) ? file[names[i]].ToF64() : new double[actual.Count], allowed);
        }
    }

    private static Tensor Load(TensorData data, DType dtype) =>
        Tensor.From(data.ToF64(), new Shape([.. data.Shape.Select(d => (int)d)]), TestBackends.Cpu).To(dtype);

    private static Tensor LoadIndex(TensorData data) =>
        Tensor.From(Array.ConvertAll(data.ToI64(), v => (int)v), new Shape([.. data.Shape.Select(d => (int)d)]), TestBackends.Cpu);

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
}
