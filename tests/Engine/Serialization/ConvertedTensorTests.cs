using AmcEngine.Serialization;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Serialization;

/// <summary>Stored values in another floating type.</summary>
[TestFixture]
internal sealed class ConvertedTensorTests
{
    [TestCase(TensorDataType.F16, new[] { 1f, 1.00048828125f, 1.00146484375f, -65504f, 5.9604645e-8f },
        new ushort[] { 0x3c00, 0x3c00, 0x3c02, 0xfbff, 0x0001 })]
    [TestCase(TensorDataType.BF16,
        new[] { 1f, 1.00390625f, 1.01171875f, -3.3895314e38f, float.NaN, float.NegativeInfinity },
        new ushort[] { 0x3f80, 0x3f80, 0x3f82, 0xff7f, 0x7fc0, 0xff80 })]
    public void Halfway_values_go_to_the_even_neighbour(TensorDataType type, float[] values, ushort[] expected)
    {
        var converted = TensorData.From("w", [values.Length], values).ConvertTo(type);
        Assert.That(converted.Bytes.ToArray(), Is.EqualTo(TorchFiles.Bytes(expected)));
    }

    [TestCase(TensorDataType.F16, 65520f)]
    [TestCase(TensorDataType.BF16, float.MaxValue)]
    public void A_number_beyond_the_type_is_an_error_that_names_the_tensor(TensorDataType type, float value)
    {
        var converted = TensorData.From("w", [2], [1f, value]).ConvertTo(type);
        Assert.That(() => converted.Bytes, Throws.TypeOf<SerializationException>()
            .With.Message.Contains("w").And.Message.Contains($"too large for {type}"));
        Assert.That(() => TensorData.From("w", [1], [1e300]).ConvertTo(TensorDataType.F32).Bytes,
            Throws.TypeOf<SerializationException>());
    }

    [Test]
    public void Any_part_can_be_read_and_types_that_need_no_change_have_none()
    {
        float[] values = [.. Enumerable.Range(0, 200_000).Select(i => i * 0.25f)];
        var source = TensorData.From("w", [values.Length], values);
        var converted = source.ConvertTo(TensorDataType.F64);
        var whole = converted.Bytes.ToArray();
        Assert.That(converted.ToF64(), Is.EqualTo(values.Select(v => (double)v)));
        foreach (var (first, length) in new[] { (0, 1), (3, 9), (8, 16), (524_281, 1_000_003) })
        {
            var part = new byte[length];
            converted.Read(first, part);
            Assert.That(part.AsSpan().SequenceEqual(whole.AsSpan(first, length)), $"{length} bytes from {first} on");
        }
        Assert.That(source.ConvertTo(TensorDataType.F32), Is.SameAs(source));
        var numbers = TensorData.From("n", [1], [5L]);
        Assert.That(numbers.ConvertTo(TensorDataType.F16), Is.SameAs(numbers));
        Assert.That(() => source.ConvertTo(TensorDataType.I8), Throws.TypeOf<ArgumentOutOfRangeException>());
    }
}
