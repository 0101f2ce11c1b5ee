using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using static AmcEngine.Backends.Philox;

namespace AmcEngine.Backends.Cpu.Simd;

/// <summary><see cref="Philox"/> on vectors, for many elements at once.</summary>
/// <remarks>
/// The bulk fill keeps each counter word in the low half of a 64-bit lane, where vpmuludq finds it: 8 blocks
/// (32 words) take about 70 AVX-512 instructions. High halves may hold rubbish; only the products' shifts read them.
/// </remarks>
internal static unsafe class PhiloxVectors
{
    /// <summary>Words that <see cref="FillPadded"/> may write beyond those asked for.</summary>
    public const int Padding = 64;

    /// <summary>Words of the elements [start, start + count).</summary>
    public static void FillWords(in RandomKey key, long start, uint* words, long count)
    {
        var partial = stackalloc uint[4];
        var block = (ulong)start >> 2;
        var skip = (int)(start & 3);
        if (skip != 0 && count > 0)
        {
            Block(key, block++, partial);
            for (; skip < 4 && count > 0; skip++, count--) *words++ = partial[skip];
        }
        var blocks = FillBlocks(key, block, words, count >> 2);
        for (; blocks < count >> 2; blocks++) Block(key, block + (ulong)blocks, words + 4 * blocks);
        if ((count & 3) == 0) return;
        Block(key, block + (ulong)blocks, partial);
        for (var i = 0; i < (count & 3); i++) words[4 * blocks + i] = partial[i];
    }

    /// <summary>Uniform numbers in [0, 1) of the elements [start, start + count).</summary>
    public static void FillUniform(in RandomKey key, long start, float* values, long count)
    {
        // The words are as wide as the floats: convert where they lie.
        FillWords(key, start, (uint*)values, count);
        long i = 0;
        if (Vector256.IsHardwareAccelerated && SimdPath.Current >= SimdWidth.Avx2)
            for (; i <= count - 8; i += 8)
            {
                var words = Vector256.Load((uint*)values + i) >>> 8;
                (Vector256.ConvertToSingle(words.AsInt32()) * FloatUnit).Store(values + i);
            }
        else if (Vector128.IsHardwareAccelerated && SimdPath.Current == SimdWidth.Vector128)
            for (; i <= count - 4; i += 4)
            {
                var words = Vector128.Load((uint*)values + i) >>> 8;
                (Vector128.ConvertToSingle(words.AsInt32()) * FloatUnit).Store(values + i);
            }
        for (; i < count; i++) values[i] = ToUniform(((uint*)values)[i]);
    }

    /// <summary>Uniform numbers in [0, 1) of the elements [start, start + count), the same values as in f32.</summary>
    public static void FillUniform(in RandomKey key, long start, double* values, long count)
    {
        const int chunk = 512;
        var words = stackalloc uint[chunk];
        for (long done = 0; done < count; done += chunk)
        {
            var n = Math.Min(chunk, count - done);
            FillWords(key, start + done, words, n);
            for (long i = 0; i < n; i++) values[done + i] = ToUniform(words[i]);
        }
    }

    /// <summary>
    /// Words of the elements [start, start + count) at the returned address, computed in whole vectors: no element
    /// costs a block of its own. <paramref name="buffer"/> has room for <see cref="Padding"/> words more than count.
    /// </summary>
    public static uint* FillPadded(in RandomKey key, long start, uint* buffer, long count)
    {
        var block = (ulong)start >> 2;
        var skip = start & 3;
        // Eight blocks are a whole number of vectors on every path.
        var blocks = (skip + count + 31) / 32 * 8;
        for (var done = FillBlocks(key, block, buffer, blocks); done < blocks; done++)
            Block(key, block + (ulong)done, buffer + 4 * done);
        return buffer + skip;
    }

    // Whole vectors of blocks; returns how many blocks were written.
    private static long FillBlocks(in RandomKey key, ulong block, uint* words, long blocks)
    {
        if (SimdPath.Current == SimdWidth.Scalar || blocks < 2) return 0;
        // The keys of the rounds, each as wide as a lane.
        var keys = stackalloc ulong[2 * Rounds];
        uint k0 = (uint)key.Seed, k1 = (uint)(key.Seed >> 32);
        for (var round = 0; round < Rounds; round++, k0 += Weyl0, k1 += Weyl1)
        {
            keys[2 * round] = k0;
            keys[2 * round + 1] = k1;
        }
        return Avx512F.IsSupported && SimdPath.Current >= SimdWidth.Avx512
            ? FillBlocks512(keys, key.Op, key.Step, block, words, blocks) :
            Avx2.IsSupported && SimdPath.Current >= SimdWidth.Avx2
            ? FillBlocks256(keys, key.Op, key.Step, block, words, blocks) :
            Sse2.IsSupported ? FillBlocks128(keys, key.Op, key.Step, block, words, blocks) : 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static long FillBlocks512(ulong* keys, ulong op, ulong step, ulong block, uint* words, long blocks)
    {
        var m0 = Vector512.Create((ulong)Multiplier0).AsUInt32();
        var m1 = Vector512.Create((ulong)Multiplier1).AsUInt32();
        var low = Vector512.Create(0xFFFFFFFFUL);
        var lane = Vector512<ulong>.Indices;
        var first = Vector512.Create(0UL, 8, 1, 9, 2, 10, 3, 11);
        var second = Vector512.Create(4UL, 12, 5, 13, 6, 14, 7, 15);
        var end = keys + 2 * Rounds;
        long done = 0;
        // Two vectors at once hide the latency of the products.
        for (; done <= blocks - 16; done += 16)
        {
            var c0 = Vector512.Create(block + (ulong)done) + lane;
            var c1 = c0 >>> 32;
            var c0b = Vector512.Create(block + (ulong)done + 8) + lane;
            var c1b = c0b >>> 32;
            Vector512<ulong> c2 = Vector512.Create(op), c3 = Vector512.Create(step), c2b = c2, c3b = c3;
            for (var k = keys; k < end; k += 2)
            {
                var p0 = Avx512F.Multiply(c0.AsUInt32(), m0);
                var p1 = Avx512F.Multiply(c2.AsUInt32(), m1);
                var p0b = Avx512F.Multiply(c0b.AsUInt32(), m0);
                var p1b = Avx512F.Multiply(c2b.AsUInt32(), m1);
                c0 = Avx512F.TernaryLogic(p1 >>> 32, c1, Vector512.Create(*k), 0x96);
                c1 = p1;
                c2 = Avx512F.TernaryLogic(p0 >>> 32, c3, Vector512.Create(k[1]), 0x96);
                c3 = p0;
                c0b = Avx512F.TernaryLogic(p1b >>> 32, c1b, Vector512.Create(*k), 0x96);
                c1b = p1b;
                c2b = Avx512F.TernaryLogic(p0b >>> 32, c3b, Vector512.Create(k[1]), 0x96);
                c3b = p0b;
            }
            var x = (c0 & low) | (c1 << 32);
            var y = (c2 & low) | (c3 << 32);
            Avx512F.PermuteVar8x64x2(x, first, y).AsUInt32().Store(words + 4 * done);
            Avx512F.PermuteVar8x64x2(x, second, y).AsUInt32().Store(words + 4 * done + 16);
            var xb = (c0b & low) | (c1b << 32);
            var yb = (c2b & low) | (c3b << 32);
            Avx512F.PermuteVar8x64x2(xb, first, yb).AsUInt32().Store(words + 4 * done + 32);
            Avx512F.PermuteVar8x64x2(xb, second, yb).AsUInt32().Store(words + 4 * done + 48);
        }
        for (; done <= blocks - 8; done += 8)
        {
            var c0 = Vector512.Create(block + (ulong)done) + lane;
            var c1 = c0 >>> 32;
            Vector512<ulong> c2 = Vector512.Create(op), c3 = Vector512.Create(step);
            for (var k = keys; k < end; k += 2)
            {
                var p0 = Avx512F.Multiply(c0.AsUInt32(), m0);
                var p1 = Avx512F.Multiply(c2.AsUInt32(), m1);
                c0 = Avx512F.TernaryLogic(p1 >>> 32, c1, Vector512.Create(*k), 0x96);
                c1 = p1;
                c2 = Avx512F.TernaryLogic(p0 >>> 32, c3, Vector512.Create(k[1]), 0x96);
                c3 = p0;
            }
            var x = (c0 & low) | (c1 << 32);
            var y = (c2 & low) | (c3 << 32);
            Avx512F.PermuteVar8x64x2(x, first, y).AsUInt32().Store(words + 4 * done);
            Avx512F.PermuteVar8x64x2(x, second, y).AsUInt32().Store(words + 4 * done + 16);
        }
        return done;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static long FillBlocks256(ulong* keys, ulong op, ulong step, ulong block, uint* words, long blocks)
    {
        var m0 = Vector256.Create((ulong)Multiplier0).AsUInt32();
        var m1 = Vector256.Create((ulong)Multiplier1).AsUInt32();
        var low = Vector256.Create(0xFFFFFFFFUL);
        var lane = Vector256<ulong>.Indices;
        var end = keys + 2 * Rounds;
        long done = 0;
        // Two vectors at once hide the latency of the products.
        for (; done <= blocks - 8; done += 8)
        {
            var c0 = Vector256.Create(block + (ulong)done) + lane;
            var c1 = c0 >>> 32;
            var c0b = Vector256.Create(block + (ulong)done + 4) + lane;
            var c1b = c0b >>> 32;
            Vector256<ulong> c2 = Vector256.Create(op), c3 = Vector256.Create(step), c2b = c2, c3b = c3;
            for (var k = keys; k < end; k += 2)
            {
                var p0 = Avx2.Multiply(c0.AsUInt32(), m0);
                var p1 = Avx2.Multiply(c2.AsUInt32(), m1);
                var p0b = Avx2.Multiply(c0b.AsUInt32(), m0);
                var p1b = Avx2.Multiply(c2b.AsUInt32(), m1);
                c0 = p1 >>> 32 ^ c1 ^ Vector256.Create(*k);
                c1 = p1;
                c2 = p0 >>> 32 ^ c3 ^ Vector256.Create(k[1]);
                c3 = p0;
                c0b = p1b >>> 32 ^ c1b ^ Vector256.Create(*k);
                c1b = p1b;
                c2b = p0b >>> 32 ^ c3b ^ Vector256.Create(k[1]);
                c3b = p0b;
            }
            var x = (c0 & low) | (c1 << 32);
            var y = (c2 & low) | (c3 << 32);
            Vector256<ulong> even = Avx2.UnpackLow(x, y), odd = Avx2.UnpackHigh(x, y);
            Avx2.Permute2x128(even, odd, 0x20).AsUInt32().Store(words + 4 * done);
            Avx2.Permute2x128(even, odd, 0x31).AsUInt32().Store(words + 4 * done + 8);
            var xb = (c0b & low) | (c1b << 32);
            var yb = (c2b & low) | (c3b << 32);
            Vector256<ulong> evenb = Avx2.UnpackLow(xb, yb), oddb = Avx2.UnpackHigh(xb, yb);
            Avx2.Permute2x128(evenb, oddb, 0x20).AsUInt32().Store(words + 4 * done + 16);
            Avx2.Permute2x128(evenb, oddb, 0x31).AsUInt32().Store(words + 4 * done + 24);
        }
        for (; done <= blocks - 4; done += 4)
        {
            var c0 = Vector256.Create(block + (ulong)done) + lane;
            var c1 = c0 >>> 32;
            Vector256<ulong> c2 = Vector256.Create(op), c3 = Vector256.Create(step);
            for (var k = keys; k < end; k += 2)
            {
                var p0 = Avx2.Multiply(c0.AsUInt32(), m0);
                var p1 = Avx2.Multiply(c2.AsUInt32(), m1);
                c0 = p1 >>> 32 ^ c1 ^ Vector256.Create(*k);
                c1 = p1;
                c2 = p0 >>> 32 ^ c3 ^ Vector256.Create(k[1]);
                c3 = p0;
            }
            var x = (c0 & low) | (c1 << 32);
            var y = (c2 & low) | (c3 << 32);
            Vector256<ulong> even = Avx2.UnpackLow(x, y), odd = Avx2.UnpackHigh(x, y);
            Avx2.Permute2x128(even, odd, 0x20).AsUInt32().Store(words + 4 * done);
            Avx2.Permute2x128(even, odd, 0x31).AsUInt32().Store(words + 4 * done + 8);
        }
        return done;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static long FillBlocks128(ulong* keys, ulong op, ulong step, ulong block, uint* words, long blocks)
    {
        var m0 = Vector128.Create((ulong)Multiplier0).AsUInt32();
        var m1 = Vector128.Create((ulong)Multiplier1).AsUInt32();
        var low = Vector128.Create(0xFFFFFFFFUL);
        var lane = Vector128<ulong>.Indices;
        var end = keys + 2 * Rounds;
        long done = 0;
        for (; done <= blocks - 2; done += 2)
        {
            var c0 = Vector128.Create(block + (ulong)done) + lane;
            var c1 = c0 >>> 32;
            Vector128<ulong> c2 = Vector128.Create(op), c3 = Vector128.Create(step);
            for (var k = keys; k < end; k += 2)
            {
                var p0 = Sse2.Multiply(c0.AsUInt32(), m0);
                var p1 = Sse2.Multiply(c2.AsUInt32(), m1);
                c0 = p1 >>> 32 ^ c1 ^ Vector128.Create(*k);
                c1 = p1;
                c2 = p0 >>> 32 ^ c3 ^ Vector128.Create(k[1]);
                c3 = p0;
            }
            var x = (c0 & low) | (c1 << 32);
            var y = (c2 & low) | (c3 << 32);
            Sse2.UnpackLow(x, y).AsUInt32().Store(words + 4 * done);
            Sse2.UnpackHigh(x, y).AsUInt32().Store(words + 4 * done + 4);
        }
        return done;
    }
}
