using System.Globalization;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Gpu;

namespace AmcEngine.Amc.CommandLine;

/// <summary><c>amcx devices</c>.</summary>
internal static class DevicesCommand
{
    /// <summary>
    /// Lists the devices, one a line: its name for <c>--device</c>, what it is, its memory; then what kinds are missing
    /// and how to get them.
    /// </summary>
    public static int Run(DevicesOptions options, CommandContext context)
    {
        using var cpu = DeviceSelector.Cpu(options);
        using var automatic = GpuDevices.OpenAutomatic();
        var chosen = (automatic?.Device ?? cpu.Device).Id;
        var found = GpuDevices.List();
        foreach (var device in found.Prepend(cpu.Device))
        {
            context.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{device.Id,-10} {device.Name}, {device.MemoryBytes / (double)(1 << 30):0.0} GiB, "
                    + $"{device.Details}{(device.Id == chosen ? " (auto)" : "")}"));
            if (options.Verbose && device.Driver.Length > 0)
                context.Out.WriteLine($"{"",-10} {device.Driver}");
        }
        foreach (var line in GpuDevices.Missing(found))
            context.Out.WriteLine(line);
        return ErrorReporter.Success;
    }
}
