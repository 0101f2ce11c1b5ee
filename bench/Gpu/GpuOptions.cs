using CommandLine;

namespace AmcEngine.Bench.Gpu;

/// <summary>Arguments of <c>bench gpu</c>.</summary>
internal sealed class GpuOptions
{
    [Option("device", Default = "cuda:0", MetaValue = "DEVICE",
        HelpText = "The device to check: cuda:N, opencl:N or cpu.")]
    public string Device { get; set; } = "cuda:0";

    [Option("golden", Default = "tests/Golden", MetaValue = "DIR", HelpText = "Folder of the golden files.")]
    public string Golden { get; set; } = "tests/Golden";

    [Option("configs", Default = "configs", MetaValue = "DIR", HelpText = "Folder of the configurations.")]
    public string Configs { get; set; } = "configs";

    [Option("out", Default = "gpu-report", MetaValue = "DIR", HelpText = "Where gpu-report.json and gpu-report.md go.")]
    public string Out { get; set; } = "gpu-report";

    [Option("quick", HelpText = "Small sizes and few repetitions: a few minutes on a processor's OpenCL driver.")]
    public bool Quick { get; set; }

    [Option("minutes", MetaValue = "N", HelpText = "Most minutes for all checks together: what runs longer is stopped, "
        + "what is left is not run, and the report says so.")]
    public double? Minutes { get; set; }

    [Option("check", MetaValue = "NAME", HelpText = "Run this check alone, in this process.")]
    public string? Check { get; set; }

    [Option("predict", HelpText = "Print what Gpu/predictions.json starts from: seconds of each benchmark on an H100 "
        + "by its roofline.")]
    public bool Predict { get; set; }
}
