using AmcEngine.Backends.Cpu;
using AmcEngine.Bench.Cpu;
using AmcEngine.Bench.Harness;
using BenchmarkDotNet.Attributes;

namespace AmcEngine.Bench.Suites;

/// <summary>Attention with autograd.</summary>
public class AttentionBenchmarks : OpFamilyBenchmarks
{
    public static IEnumerable<string> Ops => OpFamilies.Of("Attention");
}

/// <summary>The kernels alone, at the sizes of a training step.</summary>
public class AttentionKernelBenchmarks
{
    private CpuBackend? _backend;
    private Action[] _passes = [];

    [ParamsSource(nameof(Cases))]
    public AttentionCase Case { get; set; } = AttentionCases.All[0];

    [ParamsSource(nameof(ThreadCounts))]
    public int Threads { get; set; } = 1;

    public static IEnumerable<AttentionCase> Cases => AttentionCases.All;

    public static IEnumerable<int> ThreadCounts => new TableOptions().ThreadCounts;

    [GlobalSetup]
    public void Draw() => _passes = AttentionCases.Prepare(Case, _backend = new CpuBackend(Threads));

    [Benchmark(Baseline = true)]
    public void Forward() => _passes[0]();

    [Benchmark]
    public void Backward() => _passes[1]();

    [Benchmark]
    public void DoubleBackward() => _passes[2]();

    [GlobalCleanup]
    public void Close() => _backend?.Dispose();
}
