using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Kernels;
using AmcEngine.Bench.Harness;
using AmcEngine.Tensors;
using BenchmarkDotNet.Attributes;

namespace AmcEngine.Bench.Suites;

/// <summary>
/// What a step does to all weights: AdamW (28 bytes a weight), momentum copy (12), search for NaN (4).
/// </summary>
public class OptimizerBenchmarks
{
    private CpuBackend? _backend;
    private Tensor? _p, _g, _m, _v;

    /// <summary>Weights: a small model, and one that no cache holds.</summary>
    [Params(1 << 20, 1 << 24)]
    public int Weights { get; set; }

    [ParamsSource(nameof(ThreadCounts))]
    public int Threads { get; set; } = 1;

    public static IEnumerable<int> ThreadCounts => new TableOptions().ThreadCounts;

    [GlobalSetup]
    public void Draw()
    {
        _backend = new CpuBackend(Threads);
        (_p, _g, _m) = (Operands.Draw(_backend, [Weights]), Operands.Draw(_backend, [Weights]),
            Operands.Draw(_backend, [Weights]));
        _v = Tensor.From(new float[Weights], [Weights], _backend);
    }

    [Benchmark(Baseline = true)]
    public void AdamW() => _backend!.Run(
        new AdamWArgs([new AdamWTensors(_p!, _g!, _m!, _v!)], new AdamWStep(1e-4, 0.9, 0.999, 1e-8, 0.02, 3)));

    [Benchmark]
    public void MomentumCopy() => _backend!.Run(new LerpArgs([new TensorPair(_p!, _m!)], 0.005));

    [Benchmark]
    public long CountNonFinite()
    {
        Span<long> counts = [0];
        _backend!.Run(new CountNonFiniteArgs([_g!], counts));
        return counts[0];
    }

    [GlobalCleanup]
    public void Close() => _backend?.Dispose();
}
