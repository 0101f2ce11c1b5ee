using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Cpu.Host;
using AmcEngine.Backends.Kernels;
using AmcEngine.Bench.Harness;
using AmcEngine.Tensors;

namespace AmcEngine.Bench.Cpu;

/// <summary>One side of a GEMM comparison.</summary>
internal interface IGemmContender : IDisposable
{
    /// <summary>What runs, one line.</summary>
    string Details { get; }

    /// <summary>Milliseconds after work until its threads no longer spin.</summary>
    int QuietMilliseconds { get; }

    /// <summary>Draws the operands, the same on every side, and drops those of the case before.</summary>
    void Prepare(GemmCase c, bool f64);

    /// <summary>Does the product.</summary>
    void Run();

    /// <summary>
    /// A sum of the result with varying weights, to see that both sides computed the same; and the sum of magnitudes.
    /// </summary>
    (double Sum, double Scale) Checksum();
}

/// <summary>The engine's product on operands in its own memory: the call of the back end, without autograd.</summary>
internal sealed class EngineContender(int threads) : IGemmContender
{
    private readonly CpuBackend _backend = new(threads);
    private MatMulArgs _args;

    public string Details => _backend.Device.Details;

    public int QuietMilliseconds => 1;

    public void Prepare(GemmCase c, bool f64)
    {
        Drop();
        var s = c.Shape;
        _args = new MatMulArgs
        {
            A = Draw((long)s.Batch * s.M * s.K, 1, f64),
            B = Draw((long)s.Batch * s.K * s.N, 2, f64),
            C = Draw((long)s.Batch * s.M * s.N, 3, f64),
            M = s.M,
            N = s.N,
            K = s.K,
            TransA = c.TransA,
            TransB = c.TransB,
            Lda = c.Lda,
            Ldb = c.Ldb,
            Ldc = s.N,
            Batch0 = s.Batch,
            A0 = (long)s.M * s.K,
            B0 = (long)s.K * s.N,
            C0 = (long)s.M * s.N,
        };
    }

    public void Run() => _backend.Run(_args);

    public (double Sum, double Scale) Checksum() => GemmValues.Checksum(_args.C.ToDoubles());

    public void Dispose()
    {
        Drop();
        _backend.Dispose();
    }

    private void Drop()
    {
        _args.A?.Dispose();
        _args.B?.Dispose();
        _args.C?.Dispose();
    }

    private Tensor Draw(long count, uint seed, bool f64) =>
        f64 ? Tensor.From(Operands.Values<double>(count, seed), [(int)count], _backend) : Tensor.From(
            Operands.Values<float>(count, seed), [(int)count], _backend);
}

/// <summary>
/// OpenBLAS on as many threads. A batch goes the faster of two ways: product after product, each on all the threads, or
/// products on one thread each, side by side.
/// </summary>
internal sealed unsafe class OpenBlasContender : IGemmContender
{
    private readonly OpenBlas _blas;
    private readonly int _threads;
    private GemmCase? _case;
    private bool _split;
    private Array _a = Array.Empty<float>(), _b = Array.Empty<float>(), _c = Array.Empty<float>();

    /// <exception cref="BenchException">It is not installed.</exception>
    public OpenBlasContender(int threads)
    {
        _blas = OpenBlas.Loaded ?? throw new BenchException(OpenBlas.Remedy);
        _threads = threads;
        _blas.SetThreads(threads);
    }

    public string Details => $"{_blas.CoreName}; {_blas.Config}";

    // Its threads spin for 2²⁶ clock ticks, about 30 ms.
    public int QuietMilliseconds => _threads == 1 ? 1 : 60;

    public void Prepare(GemmCase c, bool f64)
    {
        _case = c;
        var s = c.Shape;
        (var a, var b, var y) = ((long)s.Batch * s.M * s.K, (long)s.Batch * s.K * s.N, (long)s.Batch * s.M * s.N);
        if (f64) (_a, _b, _c) =
            (Operands.Values<double>(a, 1), Operands.Values<double>(b, 2), Operands.Values<double>(y, 3));
        else (_a, _b, _c) = (Operands.Values<float>(a, 1), Operands.Values<float>(b, 2), Operands.Values<float>(y, 3));
        _split = s.Batch > 1 && _threads > 1 && Time(split: true) < Time(split: false);
        _blas.SetThreads(_split ? 1 : _threads);
    }

    public void Run()
    {
        var batch = _case!.Shape.Batch;
        if (_split) Parallel.For(0, _threads, new ParallelOptions { MaxDegreeOfParallelism = _threads },
            t => Products(batch * t / _threads, batch * (t + 1) / _threads));
        else Products(0, batch);
    }

    private double Time(bool split)
    {
        const int samples = 5;
        _split = split;
        _blas.SetThreads(split ? 1 : _threads);
        var work = new Repeated(Run, 0.005);
        return Enumerable.Range(0, samples).Min(_ => work.Sample());
    }

    private void Products(long from, long to)
    {
        var s = _case!.Shape;
        if (_a is float[] single)
            fixed (float* a = single, b = (float[])_b, c = (float[])_c)
                for (var i = from; i < to; i++)
                    _blas.Multiply(_case, a + i * s.M * s.K, b + i * s.K * s.N, c + i * s.M * s.N);
        else
            fixed (double* a = (double[])_a, b = (double[])_b, c = (double[])_c)
                for (var i = from; i < to; i++)
                    _blas.Multiply(_case, a + i * s.M * s.K, b + i * s.K * s.N, c + i * s.M * s.N);
    }

    public (double Sum, double Scale) Checksum() =>
        GemmValues.Checksum(_c is float[] single ? Array.ConvertAll(single, x => (double)x) : (double[])_c);

    public void Dispose()
    {
        // The library stays loaded; the arrays are the collector's.
    }
}

/// <summary>
/// What no product can beat: fused multiply-adds on registers, in the vectors and on the threads that the engine's
/// products use. A contender like the others, because clock and neighbours move the peak from minute to minute.
/// </summary>
internal sealed class PeakContender(int threads) : IGemmContender
{
    // Long enough to hide the queue, and several a thread, as in a product.
    private const int Rounds = 250_000, TilesPerThread = 4;

    private readonly WorkerPool _pool = new(threads);

    public string Details => "FMA on registers";

    public int QuietMilliseconds => 1;

    /// <summary>Operations of a call on so many threads, in f32; in f64 vectors hold half as much.</summary>
    public static double Flops(int threads) => MachinePeaks.FmaFlop(Rounds) * TilesPerThread * threads;

    public void Prepare(GemmCase c, bool f64)
    {
        // The same for every product.
    }

    public void Run() => _pool.Run(TilesPerThread * threads, _ => MachinePeaks.RunFma(Rounds));

    public (double Sum, double Scale) Checksum() => (0, 1);

    public void Dispose() => _pool.Dispose();
}

/// <summary>Checksums of results.</summary>
internal static class GemmValues
{
    /// <summary>Σ wᵢ·cᵢ with w = 1 … 7 in turn, and Σ |wᵢ·cᵢ|.</summary>
    public static (double Sum, double Scale) Checksum(double[] c)
    {
        double sum = 0, scale = 0;
        for (var i = 0; i < c.Length; i++)
        {
            var v = c[i] * (1 + i % 7);
            sum += v;
            scale += Math.Abs(v);
        }
        return (sum, scale);
    }
}
