using System.Runtime.InteropServices;
using AmcEngine.Serialization;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Serialization;

[TestFixture]
public sealed class TensorDataTests
{
    private static readonly long[] Four = [4];

    [TestCase(TensorDataType.F32, new byte[] { 0, 0, 128, 63, 0, 0, 0, 192, 0, 0, 0, 0, 0, 0, 64, 64 })]
    [TestCase(TensorDataType.F16, new byte[] { 0, 0x3c, 0, 0xc0, 0, 0, 0, 0x42 })]
    [TestCase(TensorDataType.BF16, new byte[] { 128, 63, 0, 192, 0, 0, 64, 64 })]
    [TestCase(TensorDataType.I32, new byte[] { 1, 0, 0, 0, 254, 255, 255, 255, 0, 0, 0, 0, 3, 0, 0, 0 })]
    [TestCase(TensorDataType.I16, new byte[] { 1, 0, 254, 255, 0, 0, 3, 0 })]
    [TestCase(TensorDataType.I8, new byte[] { 1, 254, 0, 3 })]
    public void Every_type_converts_to_every_computing_type(TensorDataType type, byte[] bytes)
    {
        var tensor = TensorData.FromBytes("t", type, Four, bytes);
        Assert.Multiple(() =>
        {
            Assert.That(tensor.ToF32(), Is.EqualTo(new[] { 1f, -2f, 0f, 3f }));
            Assert.That(tensor.ToF64(), Is.EqualTo(new[] { 1.0, -2.0, 0.0, 3.0 }));
            Assert.That(tensor.ToI64(), Is.EqualTo(new[] { 1L, -2L, 0L, 3L }));
        });
    }

    [Test]
    public void Unsigned_bytes_and_booleans_convert()
    {
        byte[] bytes = [0, 1, 200, 0];
        Assert.That(
            TensorData.FromBytes("t", TensorDataType.U8, Four, bytes).ToF32(), Is.EqualTo(new[] { 0f, 1f, 200f, 0f }));
        Assert.That(
            TensorData.FromBytes("t", TensorDataType.Bool, Four, bytes).ToI64(), Is.EqualTo(new[] { 0L, 1L, 1L, 0L }));
    }

    [Test]
    public void Half_and_brain_float_keep_their_special_values()
    {
        var half =
            TensorData.FromBytes("t", TensorDataType.F16, Four, new byte[] { 0, 0x7c, 0, 0xfc, 1, 0x7e, 1, 0 }).ToF32();
        var brain = TensorData.FromBytes(
            "t", TensorDataType.BF16, Four, new byte[] { 128, 127, 128, 255, 192, 127, 1, 0 }).ToF32();
        Assert.That(
            half, Is.EqualTo(new[] { float.PositiveInfinity, float.NegativeInfinity, float.NaN, 5.9604645e-8f }));
        Assert.That(
            brain, Is.EqualTo(new[] { float.PositiveInfinity, float.NegativeInfinity, float.NaN, 9.1835e-41f }));
    }

    [Test]
    public void Wide_values_round_to_single_precision()
    {
        Assert.That(
            TensorData.From("t", [2], [0.1, 1e300]).ToF32(), Is.EqualTo(new[] { 0.1f, float.PositiveInfinity }));
        Assert.That(TensorData.From("t", [1], [(1L << 53) + 1]).ToF64(), Is.EqualTo(new[] { 9007199254740992.0 }));
    }

    [TestCase(0.5)]
    [TestCase(double.NaN)]
    [TestCase(9223372036854775808.0)]
    public void A_fraction_does_not_turn_into_an_integer(double value)
    {
        var tensor = TensorData.From("ptr", [1], [value]);
        Assert.That(() => tensor.ToI64(), Throws.TypeOf<SerializationException>().With.Message.Contains("'ptr'"));
    }

    [Test]
    public void Long_tensors_convert_across_chunks()
    {
        var values = new double[100_001];
        for (var i = 0; i < values.Length; i++) values[i] = i;
        var single = TensorData.From("t", [values.Length], values).ToF32();
        Assert.That(Enumerable.Range(0, values.Length).All(i => single[i] == i));
    }

    [Test]
    public void Arrays_are_wrapped_and_not_copied()
    {
        float[] values = [1, 2];
        var tensor = TensorData.From("t", [2], values);
        values[1] = 5;
        Assert.That(MemoryMarshal.Cast<byte, float>(tensor.Bytes.Span)[1], Is.EqualTo(5f));
        using var pin = tensor.Bytes.Pin();
        Assert.That(tensor.WithName("u").ToString(), Is.EqualTo("u F32 [2]"));
    }

    [Test]
    public void Wrong_sizes_are_refused()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => TensorData.From("t", [3], [1f]), Throws.ArgumentException);
            Assert.That(() => TensorData.From("t", [-1], Array.Empty<float>()), Throws.ArgumentException);
            Assert.That(() => TensorData.From("t", [1], [1f]).CopyTo(new double[2]), Throws.ArgumentException);
            Assert.That(
                () => TensorData.From("t", [1], [1f]).Read(2, new byte[3]), Throws.InstanceOf<ArgumentException>());
        });
    }

    [Test]
    public void Tensors_one_behind_the_other_read_as_one_across_their_ends()
    {
        TensorData[] parts = [.. Enumerable.Range(0, 3).Select(
            p => TensorData.From($"p{p}", [p + 1, 2], [.. Enumerable.Range(0, 2 * (p + 1)).Select(v => 10f * p + v)]))];
        var whole = TensorData.Concatenate("w", parts);
        float[] expected = [0, 1, 10, 11, 12, 13, 20, 21, 22, 23, 24, 25];
        Assert.Multiple(() =>
        {
            Assert.That((whole.Name, whole.Type), Is.EqualTo(("w", TensorDataType.F32)));
            Assert.That(whole.Shape, Is.EqualTo(new long[] { 6, 2 }));
            Assert.That(whole.ToF32(), Is.EqualTo(expected));
            for (var first = 0; first <= 12; first++)
                for (var count = 0; first + count <= 12; count++)
                    Assert.That(whole.Range(first, count).ToF32(), Is.EqualTo(expected[first..(first + count)]),
                        $"{first}, {count}");
            Assert.That(() => whole.Range(11, 2), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => TensorData.Concatenate("w", [parts[0], TensorData.From("q", [1, 3], [1f, 2, 3])]),
                Throws.ArgumentException);
            Assert.That(() => TensorData.Concatenate("w", [parts[0], TensorData.From("q", [1, 2], [1.0, 2])]),
                Throws.ArgumentException);
        });
    }
}
