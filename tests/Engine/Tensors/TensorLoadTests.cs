using AmcEngine.Model.Checkpoints;
using AmcEngine.Serialization;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Tensors;

[TestFixture]
public sealed class TensorLoadTests
{
    [Test]
    public void A_part_is_overwritten_and_the_rest_is_left([Values] bool onDevice)
    {
        using var tensor = Tensor.From(
            new float[] { 0, 1, 2, 3, 4, 5 }, [2, 3], onDevice ? TestBackends.OpenCl : TestBackends.Cpu);
        tensor.LoadRange<float>([7, 8], 3);
        Assert.That(tensor.ToArray<float>(), Is.EqualTo(new float[] { 0, 1, 2, 7, 8, 5 }));
        tensor.LoadRange<float>([], 6);
        Assert.That(() => tensor.LoadRange<float>([1, 2], 5), Throws.TypeOf<ShapeException>());
        Assert.That(() => tensor.LoadRange<float>([1], -1), Throws.TypeOf<ShapeException>());
        Assert.That(() => tensor.LoadRange<double>([1], 0), Throws.TypeOf<DTypeException>());
    }

    /// <summary>Longer than the parts in which a checkpoint is read, and no multiple of them.</summary>
    [Test]
    public void A_long_tensor_is_loaded_in_parts_and_its_broken_numbers_are_counted(
        [Values(DType.F32, DType.F64)] DType dtype)
    {
        const int count = (1 << 21) + 77;
        float[] values = [.. Enumerable.Range(0, count).Select(i => (float)(i % 1009))];
        values[5] = float.NaN;
        values[count - 1] = float.PositiveInfinity;
        using var tensor = Tensor.Zeros([count], dtype, TestBackends.Cpu);
        var check = new FiniteLoad();
        check.Load(tensor, TensorData.From("long", [count], values));
        Assert.That(tensor.ToDoubles(), Is.EqualTo(values.Select(v => (double)v)));
        Assert.That(check.RequireFinite,
            Throws.TypeOf<AmcEngine.Model.ModelException>().With.Message.Contains($"long: 2 of {count}"));
    }
}
