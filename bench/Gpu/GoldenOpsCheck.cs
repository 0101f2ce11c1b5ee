using AmcEngine.Amc.Verification;
using AmcEngine.Serialization;
using AmcEngine.Tensors;

namespace AmcEngine.Bench.Gpu;

/// <summary>The reference's numbers for single ops.</summary>
internal sealed class GoldenOpsCheck : IGpuCheck
{
    public string Name => "golden-ops";

    public string Title => "single ops against the reference's recorded numbers";

    public void Run(CheckContext context)
    {
        var cases = GoldenOps.Cases(context.Options.Golden);
        if (cases.Count == 0)
        {
            context.Fail($"{context.GoldenFile(GoldenOps.ListFile)}: not found; name the folder of the golden files "
                + "with --golden");
            return;
        }
        using var file = SafetensorsReader.Open(context.GoldenFile(GoldenOps.TensorFile));
        using var device = new RevivingDevice(context.OpenDevice);
        var (count, share) = (0, 0.0);
        foreach (var golden in cases)
        {
            foreach (var dtype in context.DTypes(device.Backend))
            {
                count++;
                share = Math.Max(share, Share(context, device, golden, file, dtype));
            }
        }
        context.Data["cases"] = count;
        context.Data["worst_share_of_allowance"] = CheckContext.Number(share);
        context.Summary = $"{count - context.Failures.Count} of {count} cases agree{context.DTypesLeftOut}";
        context.Markdown.Add(
            $"{context.Summary}; the worst one that computes uses {share * 100:F1} % of its allowance.");
    }

    private static double Share(
        CheckContext context, RevivingDevice device, GoldenOp golden, SafetensorsReader file, DType dtype)
    {
        try
        {
            var errors = GoldenOps.Compare(golden, file, dtype, device.Backend);
            if (errors.FirstOrDefault(e => !e.Passed) is { } wrong)
                context.Fail($"{golden.Name} {dtype}: {wrong.What} differs by {Figures.Error(wrong.Error)}, "
                    + $"{Figures.Error(wrong.Allowed)} allowed");
            return errors.Max(e => e.Error / e.Allowed);
        }
        catch (Exception e)
        {
            context.Fail($"{golden.Name} {dtype}", e);
            device.Probe();
            return 0;
        }
    }
}
