using AmcEngine.Backends;
using AmcEngine.Tensors;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>
/// The same tensors on the CPU and the OpenCL back end, and comparison of what a kernel made of them.
/// </summary>
internal static class TwoBackends
{
    /// <summary>A tensor that starts <paramref name="offset"/> elements into its storage.</summary>
    public static Tensor Make(IBackend backend, DType dtype, Shape shape, ReadOnlySpan<double> values, int offset = 0)
    {
        using var all = Tensor.Full([shape.Count + offset], 7, dtype, backend);
        var view = all.Share(shape, default, offset);
        if (dtype == DType.F64) view.Load<double>(values);
        else if (dtype == DType.F32) view.Load<float>(Array.ConvertAll(values.ToArray(), v => (float)v));
        else view.Load<int>(Array.ConvertAll(values.ToArray(), v => (int)v));
        return view;
    }

    /// <summary>Repeatable values in [-2, 2).</summary>
    public static double[] Values(int count, int seed = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => 4 * random.NextDouble() - 2)];
    }

    /// <summary>Repeatable values in [-2, 2) on one of the back ends.</summary>
    public static Tensor Some(IBackend backend, DType dtype, Shape shape, int seed = 1, int offset = 0) =>
        Make(backend, dtype, shape, Values(shape.Count, seed), offset);

    /// <summary>Runs the same on both back ends and compares the tensor that it gives back.</summary>
    public static void Compare(string what, Func<IBackend, Tensor> run, double allowed)
    {
        using var expected = run(TestBackends.Cpu);
        using var actual = run(TestBackends.OpenCl);
        Closeness.AreClose(what, actual, expected.ToDoubles(), allowed);
    }
}
