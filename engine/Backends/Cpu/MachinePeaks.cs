using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using AmcEngine.Backends.Cpu.Gemm;
using AmcEngine.Backends.Cpu.Simd;

namespace AmcEngine.Backends.Cpu;

/// <summary>
/// What this machine's processor and memory do at most, measured in about a quarter of a second: fused multiply-adds on
/// registers alone, in the vectors that the kernels use, and memory larger than the caches read, copied and scaled in
/// place. f32. A rate of memory counts what a kernel reads and writes, not the lines that a store fetches first.
/// </summary>
/// <param name="Threads">Threads of the last two figures.</param>
/// <param name="FmaGflopsOneThread">10⁹ operations a second of one thread.</param>
/// <param name="FmaGflopsAllThreads">10⁹ operations a second of all threads together.</param>
/// <param name="MemoryGBs">10⁹ bytes a second from and to memory, all threads.</param>
public sealed record MachinePeaks(int Threads, double FmaGflopsOneThread, double FmaGflopsAllThreads, double MemoryGBs)
{
    private const int Repeats = 3;

    private const int Rounds = 2_000_000;

    // Passes over memory are short, and disturbed more easily.
    private const int MemoryRepeats = 4;

    // Each of source and target: more than the last cache that a few cores share.
    private const long BufferBytes = 160L << 20;

    /// <summary>Measures the peaks of this machine; takes some seconds.</summary>
    /// <param name="threads">Threads of the last two figures.</param>
    public static MachinePeaks Measure(int threads)
    {
        _ = FmaGflops(1, 1);
        return new MachinePeaks(threads, FmaGflops(1), FmaGflops(threads), Memory(threads));
    }

    /// <summary>10⁹ operations a second of so many threads together, the best of three rounds.</summary>
    public static double FmaGflops(int threads) => FmaGflops(threads, Repeats);

    /// <summary>Least time for some work: that of its operations or that of its bytes, whichever is longer.</summary>
    /// <param name="flop">Operations.</param>
    /// <param name="bytes">Bytes.</param>
    public double Seconds(double flop, double bytes) => Math.Max(flop / FmaGflopsAllThreads, bytes / MemoryGBs) * 1e-9;

    /// <summary>
    /// Works on registers alone, on this thread: <paramref name="rounds"/> times what <see cref="FmaFlop"/> says.
    /// </summary>
    internal static void RunFma(int rounds) => SimdDispatch.Run<float, FmaChains>(default, 0, rounds);

    /// <summary>Operations of so many rounds, in the vectors that the kernels use now.</summary>
    internal static double FmaFlop(int rounds) => 2.0 * GemmKernels<float>.Current.Lanes * FmaChains.Count * rounds;

    private static double FmaGflops(int threads, int repeats) =>
        FmaFlop(Rounds) * threads / Best(threads, repeats, _ => RunFma(Rounds)) * 1e-9;

    private static unsafe double Memory(int threads)
    {
        byte* source = (byte*)NativeMemory.AlignedAlloc((nuint)BufferBytes, 64),
            target = (byte*)NativeMemory.AlignedAlloc((nuint)BufferBytes, 64);
        try
        {
            // Whole vectors of 64 bytes for each thread.
            var part = BufferBytes / threads / 64 * 64;
            Best(threads, 1, t =>
            {
                NativeMemory.Clear(source + t * part, (nuint)part);
                NativeMemory.Clear(target + t * part, (nuint)part);
            });
            var read = Best(threads, MemoryRepeats, t => Sum((float*)(source + t * part), part / sizeof(float)));
            var copy = Best(
                threads, MemoryRepeats, t => Buffer.MemoryCopy(source + t * part, target + t * part, part, part));
            var scale = Best(threads, MemoryRepeats, t => Scale((float*)(source + t * part), part / sizeof(float)));
            return Math.Max(part * threads / read, 2.0 * part * threads / Math.Min(copy, scale)) * 1e-9;
        }
        finally
        {
            NativeMemory.AlignedFree(source);
            NativeMemory.AlignedFree(target);
        }
    }

    // The shortest time from the start of all threads to the end of the last.
    private static double Best(int threads, int repeats, Action<int> body)
    {
        var best = double.PositiveInfinity;
        for (var r = 0; r < repeats; r++)
        {
            using var barrier = new Barrier(threads);
            var others = new Thread[threads - 1];
            for (var i = 0; i < others.Length; i++)
            {
                var index = i + 1;
                others[i] = new Thread(() =>
                {
                    barrier.SignalAndWait();
                    body(index);
                })
                {
                    IsBackground = true,
                };
                others[i].Start();
            }
            barrier.SignalAndWait();
            var start = Stopwatch.GetTimestamp();
            body(0);
            foreach (var thread in others) thread.Join();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return best;
    }

    // Four independent sums; the result keeps the compiler from leaving the loads out.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static unsafe float Sum(float* x, long count)
    {
        var lanes = Vector<float>.Count;
        Vector<float> a = default, b = default, c = default, d = default;
        for (long i = 0; i + 4 * lanes <= count; i += 4 * lanes)
        {
            a += Vector.Load(x + i);
            b += Vector.Load(x + i + lanes);
            c += Vector.Load(x + i + 2 * lanes);
            d += Vector.Load(x + i + 3 * lanes);
        }
        return Vector.Sum((a + b) + (c + d));
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static unsafe void Scale(float* x, long count)
    {
        for (long i = 0; i + Vector<float>.Count <= count; i += Vector<float>.Count)
            (Vector.Load(x + i) * 0.5f).Store(x + i);
    }

    // Twelve chains of dependent operations hide a latency of 4 cycles on two units, and leave registers for the
    // factors.
    private readonly struct FmaChains : ISimdKernel<float>
    {
        public const int Count = 12;

        public void Run<S, V>(int from, int to) where S : ISimd<V, float> where V : unmanaged =>
            Chains<S, V>(to - from);

        [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
        private static float Chains<S, V>(int rounds) where S : ISimd<V, float> where V : unmanaged
        {
            V p = S.Set(0.999f), q = S.Set(0.001f);
            V a = q, b = q, c = q, d = q, e = q, f = q;
            V g = p, h = p, i = p, j = p, k = p, l = p;
            for (var r = 0; r < rounds; r++)
            {
                a = S.Fma(a, p, q);
                b = S.Fma(b, p, q);
                c = S.Fma(c, p, q);
                d = S.Fma(d, p, q);
                e = S.Fma(e, p, q);
                f = S.Fma(f, p, q);
                g = S.Fma(g, p, q);
                h = S.Fma(h, p, q);
                i = S.Fma(i, p, q);
                j = S.Fma(j, p, q);
                k = S.Fma(k, p, q);
                l = S.Fma(l, p, q);
            }
            // The result keeps the compiler from leaving the loop out.
            var sum = S.Add(S.Add(S.Add(a, b), S.Add(c, d)), S.Add(S.Add(e, f), S.Add(g, h)));
            return S.Sum(S.Add(sum, S.Add(S.Add(i, j), S.Add(k, l))));
        }
    }
}
