using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Training;
using AmcEngine.Amc.Verification;
using AmcEngine.Backends;
using AmcEngine.Serialization;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.CommandLine;

/// <summary><c>amcx verify</c>.</summary>
internal static class VerifyCommand
{
    /// <summary>Replays a golden file; the exit code says whether all groups agree.</summary>
    public static int Run(VerifyOptions options, CommandContext context)
    {
        var type = options.DType switch
        {
            "f32" => DType.F32,
            "f64" => DType.F64,
            _ => throw new ConfigException($"--dtype {options.DType}: unknown element type; use f32 or f64"),
        };
        if (!File.Exists(options.Golden))
            throw new ConfigException(
                $"{options.Golden}: golden file not found; check the path (the project's own are in tests/Golden)");
        using var backend = DeviceSelector.Open(options);
        return Run(options, type, backend, context);
    }

    /// <summary>The same on a device that is open.</summary>
    /// <exception cref="DeviceException">The device does not compute in the element type.</exception>
    internal static int Run(VerifyOptions options, DType type, IBackend backend, CommandContext context)
    {
        if (type == DType.F64 && !backend.Device.SupportsDouble)
            throw new DeviceException("f64", $"{backend.Device.Id} ({backend.Device.Name}) does not compute in f64; "
                + "use --dtype f32, or --device cpu");
        var weights = options.Checkpoint is null ? null : CheckpointFile.Find(options.Checkpoint).ReadAll();
        var report = GoldenVerifier.Verify(options.Golden, backend, type, weights);
        foreach (var line in report.Lines)
            context.Out.WriteLine(line);
        return report.Passed ? ErrorReporter.Success : ErrorReporter.Failure;
    }
}
