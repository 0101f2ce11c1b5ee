using System.Runtime.InteropServices;
using AmcEngine.Backends.Cpu;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Cpu;

/// <summary>Runs kernels on one and on two threads and holds the results bit for bit against each other.</summary>
internal static class KernelHost
{
    private static readonly CpuBackend One = new(1);
    private static readonly CpuBackend Two = new(2);

    public static double[] Random(int count, int seed, double low = -2, double high = 2)
    {
        var random = new Random(seed);
        var values = new double[count];
        for (var i = 0; i < count; i++) values[i] = (float)(low + random.NextDouble() * (high - low));
        return values;
    }

    public static Tensor Make(CpuBackend backend, DType dtype, Shape shape, double[] values) => dtype switch
    {
        DType.F64 => Tensor.From(values, shape, backend),
        DType.F32 => Tensor.From(Array.ConvertAll(values, v => (float)v), shape, backend),
        _ => Tensor.From(Array.ConvertAll(values, v => (int)v), shape, backend),
    };

    public static Tensor Ints(CpuBackend backend, Shape shape, params int[] values) =>
        Tensor.From(values, shape, backend);

    /// <summary>An output that starts as rubbish, so that a kernel that reads it is found out.</summary>
    public static Tensor Output(CpuBackend backend, DType dtype, Shape shape) =>
        Tensor.Full(shape, dtype == DType.I32 ? 12345 : double.NaN, dtype, backend);

    public static double[][] Both(Func<CpuBackend, Tensor[]> run)
    {
        var one = Array.ConvertAll(run(One), t => t.ToDoubles());
        var two = Array.ConvertAll(run(Two), t => t.ToDoubles());
        for (var i = 0; i < one.Length; i++) SameBits(two[i], one[i], "two threads differ from one");
        return one;
    }

    /// <summary>Fails where two arrays differ in a bit; NUnit compares elements slowly, so only to say which.</summary>
    public static void SameBits(double[] actual, double[] expected, string message)
    {
        if (!MemoryMarshal.AsBytes<double>(actual).SequenceEqual(MemoryMarshal.AsBytes<double>(expected)))
            Assert.That(Array.ConvertAll(actual, BitConverter.DoubleToInt64Bits),
                Is.EqualTo(Array.ConvertAll(expected, BitConverter.DoubleToInt64Bits)), message);
    }

    public static double[] Both(Func<CpuBackend, Tensor> run) => Both(b => new[] { run(b) })[0];

    public static void Close(double[] actual, double[] expected, double tolerance) =>
        Closeness.ElementsAreClose("values", actual, expected, tolerance);
}
