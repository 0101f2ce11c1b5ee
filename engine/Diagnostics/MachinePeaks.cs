using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace AmcEngine.Diagnostics;

/// <summary>
/// What this machine's processor and memory do at most, measured in about a quarter of a second: fused multiply-adds on
/// registers alone at the widest vectors, and reading or copying memory larger than the caches. f32.
/// </summary>
/// <param name="FmaGflopsOneThread">10⁹ operations a second of one thread.</param>
/// <param name="FmaGflopsAllThreads">10⁹ operations a second of all threads together.</param>
/// <param name="MemoryGBs">10⁹ bytes a second from and to memory, all threads.</param>
public sealed record MachinePeaks(double FmaGflopsOneThread, double FmaGflopsAllThreads, double MemoryGBs)
{
    private const int Repeats = 3;

    // Twelve chains of dependent operations hide a latency of 4 cycles on two units, and leave registers for the factors.
    private const int Chains = 12;
    private const int Rounds = 2_000_000;

    // Passes over memory are short, and disturbed more easily.
    private const int MemoryRepeats = 8;

    // 64 MiB each of source and target: more than the last cache that a few cores share.
    private const long BufferBytes = 64L << 20;

    /// <summary>Measures.</summary>
    /// <param name="threads">Threads of the second and third figure.</param>
    public static MachinePeaks Measure(int threads)
    {
        _ = FmaGflops(1, 1);
        return new MachinePeaks(FmaGflops(1, Repeats), FmaGflops(threads, Repeats), Memory(threads));
    }

    /// <summary>Least time for some work: that of its operations or that of its bytes, whichever is longer.</summary>
    /// <param name="flop">Operations.</param>
    /// <param name="bytes">Bytes.</param>
    public double Seconds(double flop, double bytes) => Math.Max(flop / FmaGflopsAllThreads, bytes / MemoryGBs) * 1e-9;

    private static double FmaGflops(int threads, int repeats)
    {
        var lanes = Vector512.IsHardwareAccelerated ? 16 : Vector256.IsHardwareAccelerated ? 8 : 4;
        var seconds = Best(threads, repeats, _ =>
        {
            if (Vector512.IsHardwareAccelerated) Fma512(Rounds);
            else if (Vector256.IsHardwareAccelerated) Fma256(Rounds);
            else Fma128(Rounds);
        });
        return 2.0 * lanes * Chains * Rounds * threads / seconds * 1e-9;
    }

    private static unsafe double Memory(int threads)
    {
        byte* source = (byte*)NativeMemory.AlignedAlloc((nuint)BufferBytes, 64), target = (byte*)NativeMemory.AlignedAlloc((nuint)BufferBytes, 64);
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
            var copy = Best(threads, MemoryRepeats, t => Buffer.MemoryCopy(source + t * part, target + t * part, part, part));
            return Math.Max(part * threads / read, 2.0 * part * threads / copy) * 1e-9;
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

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float Fma512(int rounds)
    {
        Vector512<float> p = Vector512.Create(0.999f), q = Vector512.Create(0.001f);
        Vector512<float> a = q, b = q, c = q, d = q, e = q, f = q;
        Vector512<float> g = p, h = p, i = p, j = p, k = p, l = p;
        for (var r = 0; r < rounds; r++)
        {
            a = Vector512.FusedMultiplyAdd(a, p, q);
            b = Vector512.FusedMultiplyAdd(b, p, q);
            c = Vector512.FusedMultiplyAdd(c, p, q);
            d = Vector512.FusedMultiplyAdd(d, p, q);
            e = Vector512.FusedMultiplyAdd(e, p, q);
            f = Vector512.FusedMultiplyAdd(f, p, q);
            g = Vector512.FusedMultiplyAdd(g, p, q);
            h = Vector512.FusedMultiplyAdd(h, p, q);
            i = Vector512.FusedMultiplyAdd(i, p, q);
            j = Vector512.FusedMultiplyAdd(j, p, q);
            k = Vector512.FusedMultiplyAdd(k, p, q);
            l = Vector512.FusedMultiplyAdd(l, p, q);
        }
        return Vector512.Sum((a + b + c + d) + (e + f + g + h) + (i + j + k + l));
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float Fma256(int rounds)
    {
        Vector256<float> p = Vector256.Create(0.999f), q = Vector256.Create(0.001f);
        Vector256<float> a = q, b = q, c = q, d = q, e = q, f = q;
        Vector256<float> g = p, h = p, i = p, j = p, k = p, l = p;
        for (var r = 0; r < rounds; r++)
        {
            a = Vector256.FusedMultiplyAdd(a, p, q);
            b = Vector256.FusedMultiplyAdd(b, p, q);
            c = Vector256.FusedMultiplyAdd(c, p, q);
            d = Vector256.FusedMultiplyAdd(d, p, q);
            e = Vector256.FusedMultiplyAdd(e, p, q);
            f = Vector256.FusedMultiplyAdd(f, p, q);
            g = Vector256.FusedMultiplyAdd(g, p, q);
            h = Vector256.FusedMultiplyAdd(h, p, q);
            i = Vector256.FusedMultiplyAdd(i, p, q);
            j = Vector256.FusedMultiplyAdd(j, p, q);
            k = Vector256.FusedMultiplyAdd(k, p, q);
            l = Vector256.FusedMultiplyAdd(l, p, q);
        }
        return Vector256.Sum((a + b + c + d) + (e + f + g + h) + (i + j + k + l));
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float Fma128(int rounds)
    {
        Vector128<float> p = Vector128.Create(0.999f), q = Vector128.Create(0.001f);
        Vector128<float> a = q, b = q, c = q, d = q, e = q, f = q;
        Vector128<float> g = p, h = p, i = p, j = p, k = p, l = p;
        for (var r = 0; r < rounds; r++)
        {
            a = Vector128.FusedMultiplyAdd(a, p, q);
            b = Vector128.FusedMultiplyAdd(b, p, q);
            c = Vector128.FusedMultiplyAdd(c, p, q);
            d = Vector128.FusedMultiplyAdd(d, p, q);
            e = Vector128.FusedMultiplyAdd(e, p, q);
            f = Vector128.FusedMultiplyAdd(f, p, q);
            g = Vector128.FusedMultiplyAdd(g, p, q);
            h = Vector128.FusedMultiplyAdd(h, p, q);
            i = Vector128.FusedMultiplyAdd(i, p, q);
            j = Vector128.FusedMultiplyAdd(j, p, q);
            k = Vector128.FusedMultiplyAdd(k, p, q);
            l = Vector128.FusedMultiplyAdd(l, p, q);
        }
        return Vector128.Sum((a + b + c + d) + (e + f + g + h) + (i + j + k + l));
    }

    // Four independent sums; the result keeps the compiler from leaving the loads out.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static unsafe float Sum(float* x, long count)
    {
        int lanes = Vector<float>.Count;
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
}
