using AmcEngine.Backends;
using AmcEngine.Backends.Cpu.Simd;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Cpu;

/// <summary>Known answers of the Random123 library, and the bulk fill against one block at a time.</summary>
public sealed unsafe class PhiloxTests(string path) : OnEverySimdPath(path)
{
    [TestCase(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [TestCase(~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [TestCase(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdccebu,
        0x5001e420u, 0x24126ea1u)]
    public void Known_answers(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint r0, uint r1, uint r2, uint r3)
    {
        // The same block by a stream: counter (block low, block high, op, step), key (seed low, seed high).
        var words = stackalloc uint[4];
        Philox.Block(new RandomKey(k0 | ((ulong)k1 << 32), c2, c3), c0 | ((ulong)c1 << 32), words);
        Philox.Block(ref c0, ref c1, ref c2, ref c3, k0, k1);
        Assert.That(new[] { c0, c1, c2, c3 }, Is.EqualTo(new[] { r0, r1, r2, r3 }));
        Assert.That(new ReadOnlySpan<uint>(words, 4).ToArray(), Is.EqualTo(new[] { r0, r1, r2, r3 }));
    }

    [Test]
    public void Rows_of_a_batch_draw_what_they_draw_in_the_whole()
    {
        var source = new RandomSource(5);
        source.BeginStep(3);
        _ = source.NextKey();
        var part = source.Of(new RowRange(2, 3));
        double[] all = source.Uniforms(7 * 5), some = part.Uniforms(3 * 5);
        Assert.That(some, Is.EqualTo(all[10..25]));
        Assert.That(part.NextKey() with { Rows = default }, Is.EqualTo(source.NextKey()), "the next stream of either");
        Assert.That(source.Of(default).NextKey(), Is.EqualTo(part.NextKey() with { Rows = default }));
        part.NextKey();
        source.Continue(part);
        Assert.That(source.NextKey(), Is.EqualTo(part.NextKey() with { Rows = default }));
    }

    [TestCase(0L)]
    [TestCase(1L)]
    [TestCase(7L)]
    [TestCase(4L * uint.MaxValue - 21)]
    public void Ranges_start_and_end_anywhere(long start)
    {
        var key = new RandomKey(0x0123456789abcdef, 5, 77);
        foreach (var count in new[] { 0, 1, 2, 3, 4, 5, 31, 32, 33, 64, 127, 200 })
        {
            var words = new uint[count + 1];
            var floats = new float[count + 1];
            var doubles = new double[count + 1];
            words[count] = 42;
            floats[count] = 42;
            doubles[count] = 42;
            fixed (uint* w = words)
            fixed (float* f = floats)
            fixed (double* d = doubles)
            {
                PhiloxVectors.FillWords(key, start, w, count);
                PhiloxVectors.FillUniform(key, start, f, count);
                PhiloxVectors.FillUniform(key, start, d, count);
            }
            for (var i = 0; i < count; i++)
            {
                var word = Philox.Word(key, start + i);
                Assert.That(words[i], Is.EqualTo(word));
                Assert.That(doubles[i], Is.EqualTo((word >> 8) / 16777216.0));
                Assert.That((double)floats[i], Is.EqualTo(doubles[i]));
            }
            Assert.That(words[count] == 42 && floats[count] == 42 && doubles[count] == 42, "no write past the range");
        }
    }

    [TestCase(0.0)]
    [TestCase(0.1)]
    [TestCase(0.5)]
    [TestCase(0.999999)]
    [TestCase(1.0)]
    public void Keep_threshold_agrees_with_the_comparison(double p)
    {
        var threshold = Philox.KeepThreshold(p);
        var edge = (uint)Math.Min(threshold, uint.MaxValue);
        foreach (var word in new[] { 0u, 255u, 256u, edge - 1, edge, edge + 1, uint.MaxValue })
            Assert.That(word >= threshold, Is.EqualTo(Philox.ToUniform(word) >= p), $"word {word:x}");
    }
}
