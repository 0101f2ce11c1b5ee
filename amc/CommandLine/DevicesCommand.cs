using AmcEngine.Backends;

namespace AmcEngine.Amc.CommandLine;

/// <summary><c>amcx devices</c>.</summary>
internal static class DevicesCommand
{
    /// <summary>Lists the devices, one a line: its name for <c>--device</c>, what it is, its memory.</summary>
    public static int Run(DevicesOptions options, CommandContext context)
    {
        using IBackend backend = DeviceSelector.Open(options);
        DeviceInfo device = backend.Device;
        context.Out.WriteLine(FormattableString.Invariant(
            $"{device.Id,-10} {device.Name}, {device.MemoryBytes / (double)(1 << 30):0.0} GiB, {device.Details} (default)"));
        return ErrorReporter.Success;
    }
}
