using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using NUnit.Framework;
using static AmcEngine.Tests.Engine.Backends.Gpu.RowChecks;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>GradCAM and region sums on a device against the CPU.</summary>
[TestFixture]
internal sealed class GradCamTests
{
    [Test]
    public void Grad_cam(
        [Values(DType.F32, DType.F64)] DType dtype, [Values(0, 1, 16, 65)] int positions, [Values(5, 67)] int tokens)
    {
        // 67 tokens are 201 rows: three blocks and a rest.
        int batch = 4, heads = 3, width = positions + 1, count = batch * heads * tokens * width;
        double[] a = Random(count, 1), g = Random(count, 2), m = Random(batch * tokens, 3, 0, 1),
            c = Random(batch * positions, 4);
        g[count / 2] = 0;
        g[^1] = double.NaN;
        Match(dtype, b =>
        {
            Shape shape = [batch, heads, tokens, width];
            Tensor ta = Make(b, dtype, shape, a), tg = Make(b, dtype, shape, g),
                tm = Make(b, dtype, [batch, tokens], m);
            Tensor map = Output(b, dtype, [batch, positions]), da = Output(b, dtype, shape),
                dg = Output(b, dtype, shape);
            b.Run(new GradCamArgs(ta, tg, tm, map));
            b.Run(new GradCamBackwardArgs(ta, tg, tm, Make(b, dtype, [batch, positions], c), da, dg));
            return [map, da, dg];
        });
    }

    [Test]
    public void Region_stats([Values(DType.F32, DType.F64)] DType dtype, [Values(1, 64, 257)] int positions)
    {
        // Few distinct values, so that maxima occur often; a NaN in the last sample, nothing but −∞ in the one before.
        const int batch = 37;
        double[] map = Array.ConvertAll(Random(batch * positions, 1), v => Math.Round(4 * v) / 4),
            mask = Array.ConvertAll(Random(batch * positions, 2, 0, 1), Math.Round);
        var g = Random(batch * 4, 3);
        map[^1] = double.NaN;
        mask.AsSpan((batch - 2) * positions, positions).Fill(0.5);
        map.AsSpan((batch - 2) * positions, positions).Fill(double.NegativeInfinity);
        Match(dtype, b =>
        {
            Tensor tmap = Make(b, dtype, [batch, positions], map), tmask = Make(b, dtype, [batch, positions], mask);
            Tensor stats = Output(b, dtype, [batch, 4]), where = Output(b, DType.I32, [batch, 2]),
                dmap = Output(b, dtype, [batch, positions]);
            b.Run(new RegionStatsArgs(tmap, tmask, stats, where));
            b.Run(new RegionStatsBackwardArgs(tmask, where, Make(b, dtype, [batch, 4], g), dmap));
            return [stats, where, dmap];
        });
    }

    [Test]
    public void Empty_maps_are_no_work() => Match(DType.F32, b =>
    {
        Tensor map = Make(b, DType.F32, [0, 5], []), stats = Output(b, DType.F32, [0, 4]),
            where = Output(b, DType.I32, [0, 2]);
        b.Run(new RegionStatsArgs(map, map, stats, where));
        b.Run(new RegionStatsBackwardArgs(map, where, stats, map));
        return [stats, where];
    });
}
