using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Gpu;
using AmcEngine.Bench.Harness;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using BenchmarkDotNet.Attributes;

namespace AmcEngine.Bench.Suites;

/// <summary>
/// The ops of one family in f32 as the catalog's benchmark cases have them: forward, with the gradient, and with the
/// gradient of the gradient; a suite names the ops in <c>Ops</c>. Devices: the CPU on one thread and on all, and an
/// OpenCL device where there is one (leave it out by <c>--filter '*Device: cpu*'</c>).
/// </summary>
public abstract class OpFamilyBenchmarks
{
    private IBackend? _backend;
    private OpEntry? _entry;
    private OpCase? _case;
    private Tensor[] _constant = [];
    private Tensor[] _inputs = [];
    private Tensor[] _wanted = [];

    [ParamsSource("Ops")]
    public string Op { get; set; } = "";

    [ParamsSource(nameof(Devices))]
    public string Device { get; set; } = "cpu";

    public static IEnumerable<string> Devices
    {
        get
        {
            yield return "cpu, 1 thread";
            if (Environment.ProcessorCount > 1) yield return $"cpu, {Environment.ProcessorCount} threads";
            if (GpuDevices.List().Any(d => d.Id == "opencl:0")) yield return "opencl:0";
        }
    }

    [GlobalSetup]
    public void Draw()
    {
        _backend = Device.StartsWith("cpu, ", StringComparison.Ordinal)
            ? new CpuBackend(int.Parse(Device.Split(' ')[1]))
            : GpuDevices.Open(Device);
        _entry = OpCatalog.Entries[Op];
        _case = _entry.Benchmark!;
        _constant = OpInputs.Draw(_case, _backend);
        _inputs = OpInputs.Draw(_case, _backend);
        _wanted = [.. _inputs.Where((_, i) => _case.Inputs[i].Differentiable)];
        foreach (var t in _wanted) t.SetRequiresGrad();
    }

    [Benchmark(Baseline = true)]
    public void Forward()
    {
        using var scope = MemoryScope.Begin();
        _ = _entry!.Run(_constant, _case!.Attributes);
        _backend!.Synchronize();
    }

    [Benchmark]
    public void ForwardBackward()
    {
        using var scope = MemoryScope.Begin();
        _ = AutogradEngine.Grad([_entry!.Run(_inputs, _case!.Attributes).Sum()], _wanted);
        _backend!.Synchronize();
    }

    [Benchmark]
    public void SecondOrder()
    {
        using var scope = MemoryScope.Begin();
        var gradients = AutogradEngine.Grad(
            [_entry!.Run(_inputs, _case!.Attributes).Sum()], _wanted, createGraph: true);
        // A gradient that is constant in all inputs has no further one.
        Tensor[] sums = [.. gradients.OfType<Tensor>().Where(g => g.RequiresGrad).Select(g => g.Sum())];
        if (sums.Length > 0) _ = AutogradEngine.Grad([sums.Aggregate((a, b) => a.Add(b))], _wanted);
        _backend!.Synchronize();
    }

    [GlobalCleanup]
    public void Close() => _backend?.Dispose();
}
