using AmcEngine.Amc.CommandLine;
using AmcEngine.Backends;
using AmcEngine.Backends.Gpu;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine;
using ILGPU.Runtime;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>Devices that are there, that are not there, and that fail: always one clear line.</summary>
[TestFixture]
internal sealed class DeviceTests
{
    private static readonly string[] DriverVariables = ["OCL_ICD_VENDORS", "LD_LIBRARY_PATH"];

    private static string Golden => GoldenFiles.Require("albef-tiny.json");

    [Test]
    public void Devices_lists_the_processor_and_what_is_missing()
    {
        var answer = Amcx.Run("devices", "--verbose");
        Assert.That(answer.Code, Is.Zero, answer.Error);
        var lines = answer.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines[0], Does.StartWith("cpu ").And.Contain("GiB").And.Match(", 1 thread\\b"));
        Assert.That(lines.Count(l => l.EndsWith(" (auto)", StringComparison.Ordinal)), Is.EqualTo(1), answer.Out);
        foreach (var kind in new[] { "cuda", "opencl" })
            Assert.That(lines.Any(l => l.StartsWith($"{kind}:", StringComparison.Ordinal)),
                $"{kind}: a device, or what is missing\n{answer.Out}");
    }

    [Test]
    public void Devices_takes_any_device_option() =>
        Assert.That(Amcx.Run("devices", "--device", "opencl:99").Code, Is.Zero);

    [Test]
    public void An_OpenCL_device_is_listed_and_a_processor_is_never_automatic()
    {
        var id = TestBackends.OpenCl.Device.Id;
        var line = Amcx.Run("devices").Out.Split('\n').Single(l => l.StartsWith(id, StringComparison.Ordinal));
        Assert.That(line, Does.Contain("GiB").And.Contain("OpenCL").And.Contain("compute units").And.Contain("f64"));
        if (TestBackends.OpenCl.Device.IsProcessor)
            Assert.That(line, Does.Not.Contain("(auto)"));
    }

    [TestCase("gpu")]
    [TestCase("cuda:")]
    [TestCase("cuda:-1")]
    [TestCase("opencl:x")]
    [TestCase("opencl:0:1")]
    [TestCase("opencl:99999999999")]
    public void A_device_name_that_means_nothing(string device) => Amcx.ExpectBadInput(
        Amcx.Run("verify", "--golden", Golden, $"--device={device}"), "--device", "amcx devices");

    [TestCase("cuda:77")]
    [TestCase("opencl:77")]
    public void A_device_number_that_does_not_exist(string device) =>
        Amcx.ExpectBadInput(Amcx.Run("verify", "--golden", Golden, "--device", device), $"there is no {device}");

    [Test]
    public void Without_an_OpenCL_device_the_remedy_is_named()
    {
        _ = TestBackends.OpenCl;
        Amcx.ExpectBadInput(
            RunApart("OCL_ICD_VENDORS", "/nonexistent", "verify", "--golden", Golden, "--device", "opencl"),
            "there is no opencl:0", "no device", "pocl-opencl-icd");
        var devices = RunApart("OCL_ICD_VENDORS", "/nonexistent", "devices");
        Assert.That(devices.Code, Is.Zero, devices.Error);
        Assert.That(devices.Out, Does.Contain(GpuDevices.MissingOpenCl(loader: true)).And.Contain("(auto)"));
    }

    [Test]
    public void Without_an_OpenCL_loader_the_remedy_is_named()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Ignore("hides the loader in the way of Linux");
        using var folder = new TempFolder();
        folder.Write("libOpenCL.so.1", "no library");
        folder.Write("libOpenCL.so", "no library");
        var answer = RunApart("LD_LIBRARY_PATH", folder.Path, "verify", "--golden", Golden, "--device", "opencl:0");
        Amcx.ExpectBadInput(answer, "there is no opencl:0", "libOpenCL.so.1", "apt-get install");
        var devices = RunApart("LD_LIBRARY_PATH", folder.Path, "devices");
        Assert.That(devices.Code, Is.Zero, devices.Error);
        Assert.That(devices.Out, Does.Contain(GpuDevices.MissingOpenCl(loader: false)));
    }

    [Test]
    public void What_is_missing_names_the_remedy()
    {
        Assert.That(GpuDevices.MissingCuda(driver: false),
            Does.Contain("libcuda.so.1").And.Contain("install").And.Contain("--gpus all"));
        Assert.That(GpuDevices.MissingCuda(driver: true), Does.Contain("nvidia-smi").And.Contain("--gpus all"));
        var gpu = new DeviceInfo("cuda:0", "a GPU", 1, 1, "");
        Assert.That(GpuDevices.Missing([gpu, gpu with { Id = "opencl:0" }]), Is.Empty);
        Assert.That(GpuDevices.Missing([gpu]).Single(), Does.StartWith("opencl: "));
    }

    [Test]
    public void A_memory_limit_holds_on_the_processor()
    {
        var answer = Amcx.Run("verify", "--golden", Golden, "--device", "cpu", "--memory-limit", "1");
        ExpectFailure(answer.Code, answer.Error, "the limit of 1 MiB", "cpu", "smaller batch", "raise the limit");
        Amcx.ExpectBadInput(Amcx.Run("verify", "--golden", Golden, "--memory-limit=-1"), "--memory-limit -1");
    }

    [Test]
    public void A_memory_limit_holds_on_a_device()
    {
        using var backend = GpuDevices.Open("emulate", 1 << 20);
        (var code, var error) = Report(() => Tensor.Empty([1 << 20], DType.F32, backend));
        ExpectFailure(code, error, "the limit of 1 MiB", "emulate", "smaller batch");
    }

    [Test]
    public void F64_on_a_device_without_it()
    {
        using var backend = new GpuBackend(Emulated(supportsDouble: false));
        var options = new VerifyOptions { Golden = Golden, DType = "f64" };
        (var code, var error) = Report(
            () => VerifyCommand.Run(options, DType.F64, backend, new CommandContext(TextWriter.Null, TextWriter.Null)));
        Amcx.ExpectBadInput(
            new Answer(code, "", error), "emulate", "does not compute in f64", "--dtype f32", "--device cpu");
        // Ops say the same, and the device goes on in f32.
        using Tensor wide = Tensor.From([1.0, 2.0], [2], backend), narrow = Tensor.From([1f, 2f], [2], backend);
        (code, error) = Report(() => wide.Exp());
        Amcx.ExpectBadInput(new Answer(code, "", error), "emulate", "does not compute in f64", "--device cpu");
        using var y = narrow.Exp();
        Closeness.Near("exp(1)", y.ToArray<float>()[0], Math.E, 5e-7);
    }

    [TestCase(false)]
    [TestCase(true)]
    public void A_device_that_vanishes(bool raw)
    {
        using var backend = new GpuBackend(new VanishingHost(Emulated(supportsDouble: true), raw));
        using var x = Tensor.From([1f, 2f], [2], backend);
        x.Exp().Dispose();
        (var code, var error) = Report(() => x.Exp());
        ExpectFailure(code, error, "fell off the bus", "amcx devices", "checkpoint");
    }

    private static void ExpectFailure(int code, string error, params string[] parts)
    {
        Assert.That(code, Is.EqualTo(1), error);
        Assert.That(error.Trim(), Does.StartWith("error: ").And.Not.Contain("\n").And.Not.Contain("   at "));
        foreach (var part in parts)
            Assert.That(error, Does.Contain(part));
    }

    // What the command line makes of an error.
    private static (int Code, string Error) Report(Action action)
    {
        var error = new StringWriter();
        var thrown = Assert.Catch(() => action());
        return (ErrorReporter.Report(thrown!, error, verbose: false), error.ToString());
    }

    private static DeviceHost Emulated(bool supportsDouble) => new(
        new DeviceInfo("emulate", "a GPU of this test", 1 << 30, 1, "") { SupportsDouble = supportsDouble },
        KernelTarget.Emulation, GpuDevices.OpenEmulation);

    // In a process of its own: drivers are looked for once a process.
    private static Answer RunApart(string variable, string value, params string[] args) =>
        Amcx.RunProcess(args, environment =>
        {
            foreach (var name in DriverVariables)
                environment.Remove(name);
            environment[variable] = value;
        });

    /// <summary>A device that fails from its second launch on.</summary>
    private sealed class VanishingHost(KernelHost inner, bool raw) : KernelHost
    {
        public override string Id => inner.Id;

        public override Accelerator Accelerator => inner.Accelerator;

        public override DeviceInfo Info => inner.Info;

        public override KernelTarget Target => inner.Target;

        public override void Launch<TKernel, TArgs>(int groups, int groupSize, in TArgs args)
        {
            if (Launches++ == 0)
            {
                inner.Launch<TKernel, TArgs>(groups, groupSize, args);
                return;
            }
            var cause = new DriverError("the GPU fell off the bus");
            throw raw ? cause : DeviceErrors.Lost(Info, KernelTypes.Name(typeof(TKernel)), cause);
        }

        public override void Dispose()
        {
            inner.Dispose();
            throw new DriverError("there is nothing to free");
        }
    }

    private sealed class DriverError(string message) : AcceleratorException(message)
    {
        public override AcceleratorType AcceleratorType => AcceleratorType.Cuda;
    }
}
