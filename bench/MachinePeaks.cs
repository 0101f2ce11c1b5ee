using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace AmcEngine.Bench;

/// <summary>
/// What the machine can do at most, measured: f32 multiply-adds from registers, and memory traffic of arrays that no cache
/// holds. A rate counts the bytes that a kernel reads and writes, not the lines that a store fetches first.
/// </summary>
/// <param name="Threads">Threads of the two figures for all threads.</param>
/// <param name="FmaGflopsOneThread">f32 GFLOP/s of one thread.</param>
/// <param name="FmaGflopsAllThreads">f32 GFLOP/s of all threads together.</param>
/// <param name="MemoryGBs">GB/s of all threads: the best of reading, copying and triad.</param>
internal sealed record MachinePeaks(int Threads, double FmaGflopsOneThread, double FmaGflopsAllThreads, double MemoryGBs)
{
    private const int Samples = 7;

    // 3 · 128 MiB: beyond any last-level cache.
    private const int ArrayElements = 32 << 20;

    private const double SampleSeconds = 0.02;

    private static readonly (int Chains, int Lanes, Func<long, float> Run) Fma =
        Vector512.IsHardwareAccelerated ? (24, 16, Chains512) :
        Vector256.IsHardwareAccelerated ? (12, 8, Chains256) : (12, 4, Chains128);

    // Keeps results alive.
    private static float _sink;

    /// <summary>Measures for about a second.</summary>
    public static MachinePeaks Measure(int threads) => new(threads, FmaGflops(1), FmaGflops(threads), MemoryBandwidth(threads));

    /// <summary>Highest f32 rate of several samples, GFLOP/s of all threads together.</summary>
    public static double FmaGflops(int threads)
    {
        long rounds = 1000;
        while (Timed(1, _ => _sink += Fma.Run(rounds)) < SampleSeconds) rounds *= 2;
        var shortest = Enumerable.Range(0, Samples).Min(_ => Timed(threads, _ => Volatile.Write(ref _sink, Fma.Run(rounds))));
        return 2.0 * Fma.Chains * Fma.Lanes * rounds * threads / shortest * 1e-9;
    }

    private static unsafe double MemoryBandwidth(int threads)
    {
        float* a = Allocate(), b = Allocate(), c = Allocate();
        try
        {
            // First touched by the thread that uses it.
            OnSlices(threads, (at, n) =>
            {
                new Span<float>(a + at, n).Fill(1);
                new Span<float>(b + at, n).Fill(2);
                new Span<float>(c + at, n).Fill(3);
            });
            var read = Best(threads, (at, n) => Volatile.Write(ref _sink, ReadAll(a + at, n)));
            var copy = Best(threads, (at, n) => CopyAll(a + at, b + at, n));
            var triad = Best(threads, (at, n) => Triad(a + at, b + at, c + at, n));
            return ArrayElements * sizeof(float) * 1e-9 * Math.Max(1 / read, Math.Max(2 / copy, 3 / triad));
        }
        finally
        {
            NativeMemory.AlignedFree(a);
            NativeMemory.AlignedFree(b);
            NativeMemory.AlignedFree(c);
        }
    }

    private static unsafe float* Allocate() => (float*)NativeMemory.AlignedAlloc((nuint)ArrayElements * sizeof(float), 4096);

    private static double Best(int threads, Action<int, int> kernel) =>
        Enumerable.Range(0, Samples).Min(_ => OnSlices(threads, kernel));

    private static double OnSlices(int threads, Action<int, int> kernel)
    {
        var slice = ArrayElements / threads / 1024 * 1024;
        return Timed(threads, t => kernel(t * slice, t == threads - 1 ? ArrayElements - t * slice : slice));
    }

    // Seconds from the common start until the last thread is done.
    private static double Timed(int threads, Action<int> body)
    {
        if (threads == 1)
        {
            var alone = Stopwatch.GetTimestamp();
            body(0);
            return Stopwatch.GetElapsedTime(alone).TotalSeconds;
        }
        using var start = new Barrier(threads);
        var began = new long[threads];
        var ended = new long[threads];
        var workers = Enumerable.Range(0, threads).Select(t => new Thread(() =>
        {
            start.SignalAndWait();
            began[t] = Stopwatch.GetTimestamp();
            body(t);
            ended[t] = Stopwatch.GetTimestamp();
        })).ToArray();
        foreach (var w in workers) w.Start();
        foreach (var w in workers) w.Join();
        return Stopwatch.GetElapsedTime(began.Min(), ended.Max()).TotalSeconds;
    }

    // Independent chains hide the latency of a multiply-add (4 cycles, two a cycle: 8 chains at least) and fit the registers.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float Chains512(long rounds)
    {
        Vector512<float> m = Vector512.Create(0.999f), a = Vector512.Create(0.001f);
        Vector512<float> c0 = a, c1 = a, c2 = a, c3 = a, c4 = a, c5 = a, c6 = a, c7 = a, c8 = a, c9 = a, c10 = a, c11 = a, c12 = a, c13 = a, c14 = a, c15 = a, c16 = a, c17 = a, c18 = a, c19 = a, c20 = a, c21 = a, c22 = a, c23 = a;
        for (long i = 0; i < rounds; i++)
        {
            c0 = Vector512.MultiplyAddEstimate(c0, m, a);
            c1 = Vector512.MultiplyAddEstimate(c1, m, a);
            c2 = Vector512.MultiplyAddEstimate(c2, m, a);
            c3 = Vector512.MultiplyAddEstimate(c3, m, a);
            c4 = Vector512.MultiplyAddEstimate(c4, m, a);
            c5 = Vector512.MultiplyAddEstimate(c5, m, a);
            c6 = Vector512.MultiplyAddEstimate(c6, m, a);
            c7 = Vector512.MultiplyAddEstimate(c7, m, a);
            c8 = Vector512.MultiplyAddEstimate(c8, m, a);
            c9 = Vector512.MultiplyAddEstimate(c9, m, a);
            c10 = Vector512.MultiplyAddEstimate(c10, m, a);
            c11 = Vector512.MultiplyAddEstimate(c11, m, a);
            c12 = Vector512.MultiplyAddEstimate(c12, m, a);
            c13 = Vector512.MultiplyAddEstimate(c13, m, a);
            c14 = Vector512.MultiplyAddEstimate(c14, m, a);
            c15 = Vector512.MultiplyAddEstimate(c15, m, a);
            c16 = Vector512.MultiplyAddEstimate(c16, m, a);
            c17 = Vector512.MultiplyAddEstimate(c17, m, a);
            c18 = Vector512.MultiplyAddEstimate(c18, m, a);
            c19 = Vector512.MultiplyAddEstimate(c19, m, a);
            c20 = Vector512.MultiplyAddEstimate(c20, m, a);
            c21 = Vector512.MultiplyAddEstimate(c21, m, a);
            c22 = Vector512.MultiplyAddEstimate(c22, m, a);
            c23 = Vector512.MultiplyAddEstimate(c23, m, a);
        }
        return Vector512.Sum(c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11 + c12 + c13 + c14 + c15 + c16 + c17 + c18 + c19 + c20 + c21 + c22 + c23);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float Chains256(long rounds)
    {
        Vector256<float> m = Vector256.Create(0.999f), a = Vector256.Create(0.001f);
        Vector256<float> c0 = a, c1 = a, c2 = a, c3 = a, c4 = a, c5 = a, c6 = a, c7 = a, c8 = a, c9 = a, c10 = a, c11 = a;
        for (long i = 0; i < rounds; i++)
        {
            c0 = Vector256.MultiplyAddEstimate(c0, m, a);
            c1 = Vector256.MultiplyAddEstimate(c1, m, a);
            c2 = Vector256.MultiplyAddEstimate(c2, m, a);
            c3 = Vector256.MultiplyAddEstimate(c3, m, a);
            c4 = Vector256.MultiplyAddEstimate(c4, m, a);
            c5 = Vector256.MultiplyAddEstimate(c5, m, a);
            c6 = Vector256.MultiplyAddEstimate(c6, m, a);
            c7 = Vector256.MultiplyAddEstimate(c7, m, a);
            c8 = Vector256.MultiplyAddEstimate(c8, m, a);
            c9 = Vector256.MultiplyAddEstimate(c9, m, a);
            c10 = Vector256.MultiplyAddEstimate(c10, m, a);
            c11 = Vector256.MultiplyAddEstimate(c11, m, a);
        }
        return Vector256.Sum(c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float Chains128(long rounds)
    {
        Vector128<float> m = Vector128.Create(0.999f), a = Vector128.Create(0.001f);
        Vector128<float> c0 = a, c1 = a, c2 = a, c3 = a, c4 = a, c5 = a, c6 = a, c7 = a, c8 = a, c9 = a, c10 = a, c11 = a;
        for (long i = 0; i < rounds; i++)
        {
            c0 = Vector128.MultiplyAddEstimate(c0, m, a);
            c1 = Vector128.MultiplyAddEstimate(c1, m, a);
            c2 = Vector128.MultiplyAddEstimate(c2, m, a);
            c3 = Vector128.MultiplyAddEstimate(c3, m, a);
            c4 = Vector128.MultiplyAddEstimate(c4, m, a);
            c5 = Vector128.MultiplyAddEstimate(c5, m, a);
            c6 = Vector128.MultiplyAddEstimate(c6, m, a);
            c7 = Vector128.MultiplyAddEstimate(c7, m, a);
            c8 = Vector128.MultiplyAddEstimate(c8, m, a);
            c9 = Vector128.MultiplyAddEstimate(c9, m, a);
            c10 = Vector128.MultiplyAddEstimate(c10, m, a);
            c11 = Vector128.MultiplyAddEstimate(c11, m, a);
        }
        return Vector128.Sum(c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static unsafe float ReadAll(float* a, int n)
    {
        Vector<float> s0 = default, s1 = default, s2 = default, s3 = default;
        int w = Vector<float>.Count;
        for (var i = 0; i <= n - 4 * w; i += 4 * w)
        {
            s0 += Vector.Load(a + i);
            s1 += Vector.Load(a + i + w);
            s2 += Vector.Load(a + i + 2 * w);
            s3 += Vector.Load(a + i + 3 * w);
        }
        return Vector.Sum(s0 + s1 + s2 + s3);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static unsafe void CopyAll(float* from, float* to, int n)
    {
        int w = Vector<float>.Count;
        for (var i = 0; i <= n - 2 * w; i += 2 * w)
        {
            Vector.Store(Vector.Load(from + i), to + i);
            Vector.Store(Vector.Load(from + i + w), to + i + w);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static unsafe void Triad(float* a, float* b, float* c, int n)
    {
        int w = Vector<float>.Count;
        var s = new Vector<float>(0.5f);
        for (var i = 0; i <= n - w; i += w) Vector.Store(Vector.Load(a + i) + s * Vector.Load(b + i), c + i);
    }
}
