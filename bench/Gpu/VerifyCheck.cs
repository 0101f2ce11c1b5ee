using System.Text.Json.Nodes;
using AmcEngine.Amc.Verification;
using AmcEngine.Tensors;

namespace AmcEngine.Bench.Gpu;

/// <summary>Recorded training steps of the reference, as <c>amcx verify</c> replays them.</summary>
internal sealed class VerifyCheck : IGpuCheck
{
    public string Name => "verify";

    public string Title => "recorded training steps of the reference (amcx verify)";

    public void Run(CheckContext context)
    {
        string[] files = Directory.Exists(context.Options.Golden)
            ? [.. Directory.EnumerateFiles(context.Options.Golden, "albef-*.json").Order(StringComparer.Ordinal)] : [];
        if (files.Length == 0)
        {
            context.Fail(
                $"{context.Options.Golden}: holds no albef-*.json; name the folder of the golden files with --golden");
            return;
        }
        using var device = new RevivingDevice(context.OpenDevice);
        var (passed, count) = (0, 0);
        foreach (var file in files)
        {
            foreach (var dtype in CheckContext.AllDTypes(device.Backend))
            {
                count++;
                passed += Verify(context, device, file, dtype) ? 1 : 0;
            }
        }
        context.Summary = $"{passed} of {count} replays agree";
    }

    private static bool Verify(CheckContext context, RevivingDevice device, string file, DType dtype)
    {
        var name = $"{Path.GetFileNameWithoutExtension(file)} {dtype}";
        try
        {
            var report = GoldenVerifier.Verify(file, device.Backend, dtype);
            context.Markdown.AddRange([$"{name}:", "", "```", .. report.Lines, "```", ""]);
            context.Data[name] = new JsonObject(
                report.Groups.Select(g => KeyValuePair.Create(g.Name, (JsonNode?)new JsonObject
                {
                    ["worst"] = CheckContext.Number(g.WorstError),
                    ["allowed"] = g.Allowed,
                    ["tensor"] = g.WorstTensor,
                    ["failures"] = g.Failures,
                })));
            foreach (var group in report.Groups.Where(g => !g.Passed)) context.Fail($"{name}: {group}");
            return report.Passed;
        }
        catch (Exception e)
        {
            context.Fail(name, e);
            device.Probe();
            return false;
        }
    }
}
