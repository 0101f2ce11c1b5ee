using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Gpu;

namespace AmcEngine.Bench.Gpu;

/// <summary>What machine this is.</summary>
internal sealed class DeviceCheck : IGpuCheck
{
    private static readonly string[] Query =
    [
        "--query-gpu=name,driver_version,memory.total,memory.used,clocks.sm,clocks.max.sm,clocks.mem,power.limit,"
            + "temperature.gpu,mig.mode.current,compute_mode",
        "--format=csv",
    ];

    public string Name => "device";

    public string Title => "the machine and its devices";

    public void Run(CheckContext context)
    {
        using var cpu = new CpuBackend();
        var found = GpuDevices.List();
        context.Data["cpu"] = Json(cpu.Device);
        context.Data["devices"] = new JsonArray([.. found.Select(d => (JsonNode)Json(d))]);
        context.Data["os"] = RuntimeInformation.OSDescription;
        context.Data["runtime"] = RuntimeInformation.FrameworkDescription;
        foreach (var device in found.Prepend(cpu.Device))
            context.Markdown.Add($"- `{device.Id}` {device.Name}, {device.MemoryBytes / (double)(1 << 30):F1} GiB, "
                + $"{device.Details}{(device.Driver.Length > 0 ? $"; {device.Driver}" : "")}");
        foreach (var line in GpuDevices.Missing(found)) context.Markdown.Add($"- {line}");
        context.Markdown.Add($"- {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}");
        if (NvidiaSmi() is { } smi)
        {
            context.Data["nvidia_smi"] = smi;
            context.Markdown.AddRange(["", "```", smi, "```"]);
        }
        using var chosen = context.OpenDevice();
        context.Data["chosen"] = Json(chosen.Device);
        context.Summary = $"{chosen.Device.Id} is {chosen.Device.Name}, {chosen.Device.Details}";
    }

    private static JsonObject Json(DeviceInfo device) => new()
    {
        ["id"] = device.Id,
        ["name"] = device.Name,
        ["memory_bytes"] = device.MemoryBytes,
        ["details"] = device.Details,
        ["driver"] = device.Driver,
        ["f64"] = device.SupportsDouble,
    };

    // Clocks and limits that the driver's interface does not give; not everywhere installed.
    private static string? NvidiaSmi()
    {
        try
        {
            using var process =
                Process.Start(new ProcessStartInfo("nvidia-smi", Query) { RedirectStandardOutput = true })!;
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? output.Trim() : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
