using AmcEngine.Amc.Verification;
using AmcEngine.Backends.Cpu;
using AmcEngine.Serialization;
using AmcEngine.Tensors;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Verification;

/// <summary>Large recordings store heads and norms only, and leave out what follows from a rule.</summary>
[TestFixture, Category("Golden")]
public sealed class ShortGoldenFormsTests
{
    [TestCase(DType.F32)]
    [TestCase(DType.F64)]
    public void Heads_norms_and_blocks_stand_for_whole_tensors(DType dtype)
    {
        using var folder = new TempFolder();
        using var backend = new CpuBackend(2);
        var json = WriteShort(folder, _ => true);
        var report = GoldenVerifier.Verify(json, backend, dtype);
        Assert.That(report.Passed, report.ToString());
        Assert.That(report.Groups.Select(g => g.Name), Has.Some.StartsWith("grad_amc (f64"));
        Assert.That(report.Groups.Select(g => g.Name), Has.None.StartsWith("after3"));
    }

    [Test]
    public void A_result_that_is_not_produced_or_has_another_size_fails()
    {
        using var folder = new TempFolder();
        using var backend = new CpuBackend(2);
        var json = WriteShort(folder, name => !name.StartsWith("grad_", StringComparison.Ordinal),
            TensorData.From("out/unheard_of", [1], new[] { 1f }), TensorData.From(
                "loss/mlm/head64", [2], new[] { 1f, 1f }));
        var report = GoldenVerifier.Verify(json, backend);
        Assert.That(report.Groups.Where(g => !g.Passed).Select(g => (g.Name, g.Failures)),
            Is.EquivalentTo(new[] { ("out (f32 reference)", 1), ("loss (f32 reference)", 1) }));
    }

    private static string WriteShort(TempFolder folder, Func<string, bool> keep, params TensorData[] extra)
    {
        File.Copy(GoldenFiles.Require("albef-tiny.json"), folder.PathOf("albef-short.json"));
        foreach (var suffix in new[] { "", "-f64" })
        {
            using var source = SafetensorsReader.Open(GoldenFiles.Require($"albef-tiny{suffix}.safetensors"));
            var shortened = source.Tensors.Where(t => keep(t.Name)).SelectMany(Shorten);
            SafetensorsWriter.Write(folder.PathOf($"albef-short{suffix}.safetensors"),
                suffix.Length == 0 ? shortened.Concat(extra) : shortened);
        }
        return folder.PathOf("albef-short.json");
    }

    private static IEnumerable<TensorData> Shorten(TensorData t)
    {
        var parts = t.Name.Split('/', 2);
        if (t.Name is "input/image" or "input/mask" || parts[0] == "after3") return [];
        if (t.Name == "out/mlm_logits") return [Block(t, 8)];
        if (parts[0] == "out" && t.Type.IsFloatingPoint())
            return [Head(t, t.Name + "/head64", 64), Norm(t, t.Name + "/l2")];
        if (parts[0].StartsWith("grad_", StringComparison.Ordinal))
            return [Head(t, $"{parts[0]}_head16/{parts[1]}", 16), Norm(t, $"{parts[0]}_l2/{parts[1]}")];
        return [t];
    }

    private static TensorData Head(TensorData t, string name, int count) =>
        Values(t, name, t.ToF64()[..(int)Math.Min(count, t.Count)]);

    private static TensorData Norm(TensorData t, string name) =>
        Values(t, name, [Math.Sqrt(t.ToF64().Sum(v => v * v))]);

    private static TensorData Block(TensorData t, int columns)
    {
        var rows = t.ToF64().Chunk((int)t.Shape[^1]).SelectMany(row => row[..columns]);
        return TensorData.From(
            "out/mlm_logits_first8", [t.Shape[0], t.Shape[1], columns], [.. rows.Select(v => (float)v)]);
    }

    private static TensorData Values(TensorData t, string name, double[] values) => t.Type == TensorDataType.F64
        ? TensorData.From(name, [values.Length], values)
        : TensorData.From(name, [values.Length], Array.ConvertAll(values, v => (float)v));
}
