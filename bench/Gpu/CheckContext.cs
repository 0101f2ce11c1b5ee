using System.Text.Json.Nodes;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Gpu;
using AmcEngine.Tensors;

namespace AmcEngine.Bench.Gpu;

/// <summary>
/// One part of the check; each runs in a process of its own, so that a crash or a poisoned device stops no other.
/// </summary>
internal interface IGpuCheck
{
    /// <summary>Its name on the command line and in the report.</summary>
    string Name { get; }

    /// <summary>What it does, for people.</summary>
    string Title { get; }

    /// <summary>Does it; what it finds goes into the context.</summary>
    void Run(CheckContext context);
}

/// <summary>What a check works with and where it says what it found.</summary>
internal sealed class CheckContext(GpuOptions options)
{
    public GpuOptions Options { get; } = options;

    /// <summary>One line for the overview.</summary>
    public string Summary { get; set; } = "";

    /// <summary>What went wrong, a line each; the check passed where there is none.</summary>
    public List<string> Failures { get; } = [];

    /// <summary>Lines of the Markdown report.</summary>
    public List<string> Markdown { get; } = [];

    /// <summary>Numbers of the JSON report.</summary>
    public JsonObject Data { get; } = [];

    public string GoldenFile(string name) => Path.Combine(Options.Golden, name);

    public string ConfigFile(string name) => Path.Combine(Options.Configs, name);

    public IBackend OpenDevice() => Options.Device == "cpu" ? new CpuBackend() : GpuDevices.Open(Options.Device);

    public void Fail(string line)
    {
        Failures.Add(line);
        Console.WriteLine($"  FAILED {line}");
    }

    public void Fail(string what, Exception error) => Fail($"{what}: {OneLine(error)}");

    /// <summary>
    /// The element types that ops are checked in: those of the device; quick runs leave f64 to the replay of whole
    /// steps.
    /// </summary>
    public DType[] DTypes(IBackend device) => Options.Quick ? [DType.F32] : AllDTypes(device);

    /// <summary>Says what a quick run leaves out.</summary>
    public string DTypesLeftOut => Options.Quick ? " in f32 (f64: without --quick)" : "";

    /// <summary>The element types that the device computes in.</summary>
    public static DType[] AllDTypes(IBackend device) =>
        device.Device.SupportsDouble ? [DType.F32, DType.F64] : [DType.F32];

    public static string OneLine(Exception error)
    {
        var e = error is System.Reflection.TargetInvocationException or TypeInitializationException
            ? error.GetBaseException() : error;
        var message = e.Message.ReplaceLineEndings(" ");
        return e is EngineException ? message : $"{e.GetType().Name}: {message}";
    }

    /// <summary>A number that JSON can hold: null where it is not finite.</summary>
    public static JsonNode? Number(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;
}

/// <summary>
/// A device that is opened anew when it no longer answers: after an error inside a kernel nothing else works.
/// </summary>
internal sealed class RevivingDevice(Func<IBackend> open) : IDisposable
{
    private IBackend? _backend;

    public IBackend Backend => _backend ??= open();

    /// <summary>Looks whether the device still answers, and forgets it if not.</summary>
    public void Probe()
    {
        if (_backend is null) return;
        try
        {
            using var x = Tensor.From([1f, 2f, 3f], [3], _backend);
            _backend.Synchronize();
            if (x.ToArray<float>()[2] == 3f) return;
        }
        catch (Exception)
        {
            // It is gone; the next use opens it again.
        }
        Dispose();
    }

    public void Dispose()
    {
        try
        {
            _backend?.Dispose();
        }
        catch (Exception)
        {
            // Nothing left to free.
        }
        _backend = null;
    }
}
