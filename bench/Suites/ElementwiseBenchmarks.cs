using AmcEngine.Backends.Cpu;
using AmcEngine.Bench.Cpu;
using BenchmarkDotNet.Attributes;

namespace AmcEngine.Bench.Suites;

/// <summary>Elementwise ops, and all others that no other family names.</summary>
public class ElementwiseBenchmarks : OpFamilyBenchmarks
{
    public static IEnumerable<string> Ops => OpFamilies.Elementwise;
}

/// <summary>Elementwise kernels, reductions and softmax against TensorPrimitives, which works on one thread.</summary>
public class ElementwisePeerBenchmarks
{
    private readonly CpuBackend _one = new(1);
    private readonly CpuBackend _all = new();
    private Action _primitives = () => { }, _engineOne = () => { }, _engineAll = () => { };

    [ParamsSource(nameof(Cases))]
    public string Case { get; set; } = "";

    public static IEnumerable<string> Cases => PeerOps.All.Select(Name);

    [GlobalSetup]
    public void Draw()
    {
        var op = PeerOps.All.First(o => Name(o) == Case);
        (_primitives, _engineOne, _engineAll) = (op.OnPrimitives(), op.OnEngine(_one), op.OnEngine(_all));
    }

    [Benchmark(Baseline = true)]
    public void TensorPrimitives() => _primitives();

    [Benchmark]
    public void EngineOneThread() => _engineOne();

    [Benchmark]
    public void EngineAllThreads() => _engineAll();

    [GlobalCleanup]
    public void Close()
    {
        _one.Dispose();
        _all.Dispose();
    }

    private static string Name(PeerOp op) => $"{op.Name} {op.Size}";
}
