using AmcEngine.Bench.Cpu;
using AmcEngine.Bench.Harness;
using BenchmarkDotNet.Attributes;

namespace AmcEngine.Bench.Suites;

/// <summary>Matrix products with autograd.</summary>
public class MatMulBenchmarks : OpFamilyBenchmarks
{
    public static IEnumerable<string> Ops => OpFamilies.Of("MatMul");
}

/// <summary>
/// The kernel alone, at the sizes of a training step, against OpenBLAS (NA where it is not installed).
/// <c>bench gemm</c> is the fairer comparison: there each side has a process of its own.
/// </summary>
public class GemmBenchmarks
{
    private IGemmContender? _engine;
    private IGemmContender? _blas;

    [ParamsSource(nameof(Cases))]
    public GemmCase Case { get; set; } = GemmCases.All[0];

    [ParamsSource(nameof(ThreadCounts))]
    public int Threads { get; set; } = 1;

    public static IEnumerable<GemmCase> Cases => GemmCases.All;

    public static IEnumerable<int> ThreadCounts => new TableOptions().ThreadCounts;

    [GlobalSetup(Target = nameof(Engine))]
    public void DrawEngine() => (_engine = new EngineContender(Threads)).Prepare(Case, f64: false);

    [GlobalSetup(Target = nameof(OpenBlas))]
    public void DrawOpenBlas() => (_blas = new OpenBlasContender(Threads)).Prepare(Case, f64: false);

    [Benchmark(Baseline = true)]
    public void OpenBlas() => _blas!.Run();

    [Benchmark]
    public void Engine() => _engine!.Run();

    [GlobalCleanup]
    public void Close()
    {
        _engine?.Dispose();
        _blas?.Dispose();
        // The threads of OpenBLAS spin for a while: not into the next case.
        Thread.Sleep(100);
    }
}
