using AmcEngine.Bench.Cpu;
using AmcEngine.Bench.Harness;
using AmcEngine.Bench.Suites;
using AmcEngine.Ops;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Bench;

/// <summary>What <c>bench gemm</c> compares: its cases, both contenders' results, its table.</summary>
[TestFixture]
internal sealed class GemmBenchTests
{
    [Test]
    public void Eight_shapes_in_three_layouts()
    {
        Assert.That(GemmCases.Shapes.Select(s => (s.Batch, s.M, s.N, s.K)), Is.EqualTo(new[]
        {
            (1, 512, 768, 768), (1, 512, 3072, 768), (1, 514, 768, 3072), (1, 2056, 768, 768), (1, 50, 768, 768),
            (1, 1024, 1024, 1024), (1, 2048, 2048, 2048), (24, 257, 257, 64),
        }));
        Assert.That(GemmCases.Shapes.Where(s => !s.Large).Select(s => s.M), Is.EqualTo(new[] { 50, 257 }));
        Assert.That(GemmCases.All.Select(c => c.ToString()), Is.Unique);
        Assert.That(GemmCases.All.GroupBy(c => c.Shape).Select(g => string.Join(' ', g.Select(c => c.Layout))),
            Is.All.EqualTo("NN NT TN"));
        Assert.That(GemmCases.All, Has.Length.EqualTo(24));
    }

    [Test]
    public void The_engine_multiplies_what_the_reference_does([Values] bool f64, [Range(0, 5)] int index)
    {
        using var contender = new EngineContender(2);
        Holds(contender, Small(index), f64);
    }

    [Test]
    public void OpenBlas_multiplies_what_the_reference_does([Values] bool f64, [Range(0, 5)] int index)
    {
        if (OpenBlas.Loaded is null) Assert.Ignore(OpenBlas.Remedy);
        using var contender = new OpenBlasContender(2);
        Holds(contender, Small(index), f64);
        Assert.That(contender.Details, Does.Contain("OpenBLAS"));
        Assert.That(OpenBlas.Loaded!.CoreName, Is.Not.Empty);
    }

    [Test]
    public void The_contender_answers_line_by_line([Values("engine", "peak")] string kind)
    {
        var index = Array.FindIndex(GemmCases.All, c => c.Shape.M == 50);
        using var output = new StringWriter();
        var code = ContenderProcess.Serve([kind, "1"], new StringReader($"case {index} f32 0.0001\nmeasure\n"), output);
        string[] words =
            [.. output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ')[0])];
        Assert.That(code, Is.Zero);
        Assert.That(words, Is.EqualTo(new[] { "hello", "ready", "time" }));
    }

    [Test]
    public void The_table_gives_shares_ratios_and_means()
    {
        GemmCase large = GemmCases.All[0], small = GemmCases.All.First(c => c.Shape.M == 50);
        GemmRow Row(GemmCase c, double one, double two, double blas) => new(
            c,
            new Dictionary<int, Rounds>
            {
                [1] = new([c.Shape.Flops / one * 1e-9]),
                [2] = new([c.Shape.Flops / two * 1e-9])
            }, new Dictionary<int, Rounds> { [1] = new([c.Shape.Flops / blas * 1e-9]) },
            new Dictionary<int, double> { [1] = 200, [2] = 400 });
        string[][] cells = [.. GemmTable.Of([Row(large, 100, 200, 50), Row(small, 25, 50, 100)], [1, 2]).Lines()
            .Skip(2).Select(l => l.Trim('|').Split('|').Select(c => c.Trim()).ToArray())];
        Assert.That(cells[0], Is.EqualTo(
            new[] { "512×768×768 NN", "100.0", "50 %", "50.0", "2.00", "200.0", "50 %", "–", "–", "2.00" }));
        Assert.That(cells[2], Is.EqualTo(
            new[] { "geometric mean, large", "100.0", "50 %", "50.0", "2.00", "200.0", "50 %", "–", "–", "2.00" }));
        Assert.That(cells[3], Is.EqualTo(
            new[] { "geometric mean, all", "50.0", "25 %", "70.7", "0.71", "100.0", "25 %", "–", "–", "2.00" }));
    }

    [Test]
    public void Every_op_with_a_benchmark_case_is_in_one_suite()
    {
        string[] measured = [.. OpFamilies.Named.Keys.SelectMany(OpFamilies.Of), .. OpFamilies.Elementwise];
        Assert.That(measured, Is.Unique.And.EquivalentTo(
            OpCatalog.Entries.Values.Where(e => e.Benchmark is not null).Select(e => e.Name)));
        Assert.That(
            OpFamilies.Named.Values.SelectMany(o => o).Except(OpCatalog.Entries.Keys), Is.Empty, "names of no op");
        Assert.That(OpFamilies.Elementwise, Does.Contain("gelu_erf"));
    }

    [Test]
    public void Attention_counts_the_products_of_each_pass()
    {
        double[] flops = [.. Enumerable.Range(0, 3).Select(p => AttentionCases.Work(AttentionCases.All[0], p).Flop)];
        Assert.That(flops, Is.EqualTo(new[] { 4.0, 10, 24 }.Select(f => f * 2 * 12 * 257 * 257 * 64)));
    }

    private static GemmCase Small(int index)
    {
        GemmShape shape = index < 3 ? new(7, 5, 9) : new(6, 4, 3, Batch: 5);
        return new GemmCase(shape, index % 3 == 2, index % 3 == 1);
    }

    private static void Holds(IGemmContender contender, GemmCase c, bool f64)
    {
        contender.Prepare(c, f64);
        contender.Run();
        (var sum, var scale) = contender.Checksum();
        (var expected, _) = GemmValues.Checksum(Reference(c));
        Closeness.Within($"{c}: {sum:R} beside {expected:R}", Math.Abs(sum - expected) / scale, f64 ? 1e-15 : 2e-7);
    }

    private static double[] Reference(GemmCase c)
    {
        var s = c.Shape;
        // Drawn in f32 on every side.
        float[] a = Operands.Values<float>(s.Batch * s.M * s.K, 1), b = Operands.Values<float>(s.Batch * s.K * s.N, 2);
        var y = new double[s.Batch * s.M * s.N];
        for (var e = 0; e < s.Batch; e++)
            for (var i = 0; i < s.M; i++)
                for (var j = 0; j < s.N; j++)
                    for (var k = 0; k < s.K; k++)
                        y[(e * s.M + i) * s.N + j] += (double)a[e * s.M * s.K + (c.TransA ? k * s.M + i : i * s.K + k)]
                            * b[e * s.K * s.N + (c.TransB ? j * s.K + k : k * s.N + j)];
        return y;
    }
}
