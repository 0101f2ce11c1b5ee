using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using BenchmarkDotNet.Attributes;

namespace AmcEngine.Bench;

/// <summary>Every op of the catalog that names a benchmark case, forward in f32 on all processors.</summary>
public class OpBenchmarks
{
    private readonly CpuBackend _backend = new();
    private Tensor[] _inputs = [];
    private OpEntry? _entry;

    [ParamsSource(nameof(Ops))]
    public string Op { get; set; } = "";

    public static IEnumerable<string> Ops => OpCatalog.Entries.Values.Where(e => e.Benchmark is not null).Select(e => e.Name);

    [GlobalSetup]
    public void Draw()
    {
        _entry = OpCatalog.Entries[Op];
        _inputs = OpInputs.Draw(_entry.Benchmark!.Value.Case, _backend);
    }

    [Benchmark]
    public void Forward()
    {
        using var scope = MemoryScope.Begin();
        _ = _entry!.Run(_inputs, _entry.Benchmark!.Value.Case.Attributes);
    }

    [GlobalCleanup]
    public void Close() => _backend.Dispose();
}
