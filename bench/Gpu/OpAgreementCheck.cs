using System.Text.Json.Nodes;
using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Bench.Gpu;

/// <summary>Every sample case of every op against the CPU: value, gradient and second order.</summary>
internal sealed class OpAgreementCheck : IGpuCheck
{
    private const double AllowedF32 = 1e-5, AllowedF64 = 1e-12;

    public string Name => "ops";

    public string Title => "every op against the CPU: value, gradient, second order";

    public void Run(CheckContext context)
    {
        using var cpu = new CpuBackend();
        using var device = new RevivingDevice(context.OpenDevice);
        var ops = new JsonObject();
        var cases = 0;
        context.Markdown.AddRange(
            ["| op | cases | worst in f32 (1e-5 allowed) | worst in f64 (1e-12 allowed) |", "|---|---|---|---|"]);
        foreach (var entry in OpCatalog.Entries.Values)
        {
            var worst = new JsonObject();
            foreach (var dtype in context.DTypes(device.Backend))
            {
                var largest = 0.0;
                foreach (var sample in entry.Cases)
                {
                    cases++;
                    largest = Math.Max(largest, Worst(context, device, cpu, entry, sample, dtype));
                }
                worst[dtype.ToString()] = CheckContext.Number(largest);
            }
            ops[entry.Name] = worst;
            context.Markdown.Add(
                $"| {entry.Name} | {entry.Cases.Length} | {Cell(worst, DType.F32)} | {Cell(worst, DType.F64)} |");
        }
        context.Data["cases"] = cases;
        context.Data["worst"] = ops;
        context.Summary = $"{cases - context.Failures.Count} of {cases} cases agree{context.DTypesLeftOut}";
    }

    // The worst error of a case; a case fails once, whatever is wrong with it.
    private static double Worst(
        CheckContext context, RevivingDevice device, CpuBackend cpu, OpEntry entry, OpCase sample, DType dtype)
    {
        var name = $"{entry.Name} {sample} {dtype}";
        try
        {
            using var scope = MemoryScope.Begin();
            var (what, error) = OpEvaluation.Errors(entry, sample, dtype, device.Backend, cpu).MaxBy(
                e => double.IsNaN(e.Error) ? double.PositiveInfinity : e.Error);
            var allowed = dtype == DType.F32 ? AllowedF32 : AllowedF64;
            if (!(error <= allowed))
                context.Fail($"{name}: {what} differs by {Figures.Error(error)}, {Figures.Error(allowed)} allowed");
            return double.IsNaN(error) ? double.PositiveInfinity : error;
        }
        catch (Exception e)
        {
            context.Fail(name, e);
            device.Probe();
            return double.PositiveInfinity;
        }
    }

    private static string Cell(JsonObject worst, DType dtype) =>
        !worst.TryGetPropertyValue(dtype.ToString(),
            out var value) ? "–" : value is null ? "**failed**" : $"{Figures.Error(value.GetValue<double>())}";
}
