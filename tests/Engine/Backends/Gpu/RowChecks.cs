using System.Runtime.InteropServices;
using AmcEngine.Backends;
using AmcEngine.Backends.Gpu.Kernels;
using AmcEngine.Memory;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine.Backends.Cpu;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>
/// Runs kernels on the CPU back end and on the OpenCL device, there with every team of lanes, and compares. Every
/// tensor starts one element into its storage.
/// </summary>
internal static class RowChecks
{
    private static readonly RowTeam?[] Teams = [null, RowTeam.Lane, RowTeam.Part, RowTeam.Group];

    public static double[] Random(int count, int seed, double low = -2, double high = 2) =>
        KernelHost.Random(count, seed, low, high);

    public static Tensor Make(IBackend backend, DType dtype, Shape shape, double[] values)
    {
        double[] padded = [double.NaN, .. values];
        using var all = dtype switch
        {
            DType.F64 => Tensor.From(padded, [padded.Length], backend),
            DType.F32 => Tensor.From(Array.ConvertAll(padded, v => (float)v), [padded.Length], backend),
            _ => Tensor.From(Array.ConvertAll(padded, v => double.IsNaN(v) ? -1 : (int)v), [padded.Length], backend),
        };
        return all.Share(shape, default, 1);
    }

    /// <summary>
    /// An output that starts as rubbish, so that a kernel that reads it, or leaves some of it out, is found out.
    /// </summary>
    public static Tensor Output(IBackend backend, DType dtype, Shape shape)
    {
        var values = new double[shape.Count];
        Array.Fill(values, dtype == DType.I32 ? 12345 : double.NaN);
        return Make(backend, dtype, shape, values);
    }

    /// <summary>
    /// Results agree: whole numbers, NaN and infinities exactly, the rest by relative L2 error; and they are the same
    /// bits in a second run.
    /// </summary>
    /// <param name="dtype">Element type that <paramref name="run"/> computes in.</param>
    /// <param name="run">Runs the kernels on a back end.</param>
    /// <param name="allowance">Largest error that passes; by default that of kernels that sum.</param>
    public static void Match(DType dtype, Func<IBackend, Tensor[]> run, Allowance? allowance = null)
    {
        using var scope = MemoryScope.Begin();
        var allowed = (allowance ?? DeviceAllowances.Reducing).For(dtype);
        var expected = Array.ConvertAll(run(TestBackends.Cpu), t => t.ToDoubles());
        foreach (var team in Teams)
        {
            var actual = OnDevice(team, run);
            for (var i = 0; i < actual.Length; i++) Close($"{team} result {i}", actual[i], expected[i], allowed);
            if (team is not null) continue;
            var again = OnDevice(team, run);
            for (var i = 0; i < actual.Length; i++)
                Assert.That(MemoryMarshal.Cast<double, long>(again[i])
                    .SequenceEqual(MemoryMarshal.Cast<double, long>(actual[i])), $"result {i} differs from run to run");
        }
    }

    public static double[][] OnDevice(RowTeam? team, Func<IBackend, Tensor[]> run)
    {
        var device = TestBackends.OpenCl;
        device.Forced.Team = team;
        try
        {
            return Array.ConvertAll(run(device), t => t.ToDoubles());
        }
        finally
        {
            device.Forced.Team = null;
        }
    }

    private static void Close(string what, double[] actual, double[] expected, double allowed)
    {
        Assert.That(actual, Has.Length.EqualTo(expected.Length), what);
        double[] a = [.. actual], e = [.. expected];
        for (var i = 0; i < e.Length; i++)
        {
            if (double.IsFinite(e[i]) && double.IsFinite(a[i])) continue;
            if (!e[i].Equals(a[i])) Assert.Fail($"{what}: element {i} is {a[i]} instead of {e[i]}");
            a[i] = e[i] = 0;
        }
        Closeness.AreClose(what, a, e, allowed);
    }
}
