using AmcEngine.Backends.Cpu;
using AmcEngine.Model;
using AmcEngine.Model.Checkpoints;
using AmcEngine.Serialization;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Model;

/// <summary>Stored values on their way into tensors, in parts and by several threads.</summary>
[TestFixture]
public sealed class FiniteLoadTests
{
    // Two whole parts and the beginning of a third.
    private const int Count = 2 * (1 << 17) + 5;

    [TestCase(1)]
    [TestCase(3)]
    public void Large_tensors_come_whole_and_their_bad_numbers_are_counted(int threads)
    {
        using var backend = new CpuBackend(threads);
        float[] values = [.. Enumerable.Range(0, Count).Select(i => i * 0.25f)];
        foreach (var dtype in (DType[])[DType.F32, DType.F64])
        {
            using var target = Tensor.Full([Count], -1, dtype, backend);
            var load = new FiniteLoad();
            load.Load(target, TensorData.From("ramp", [Count], values));
            Assert.That(() => load.RequireFinite(), Throws.Nothing);
            Assert.That(target.ToDoubles(), Is.EqualTo(Array.ConvertAll(values, v => (double)v)));
        }
        (values[0], values[1 << 17], values[^1]) = (float.NaN, float.PositiveInfinity, float.NegativeInfinity);
        using var bad = Tensor.Empty([Count], DType.F32, backend);
        var check = new FiniteLoad();
        check.Load(bad, TensorData.From("ramp", [Count], values));
        Assert.That(() => check.RequireFinite(),
            Throws.TypeOf<ModelException>().With.Message.Contains($"ramp: 3 of {Count}"));
    }

    [Test]
    public void What_cannot_be_read_is_said_as_with_one_thread()
    {
        using var backend = new CpuBackend(3);
        using var target = Tensor.Empty([Count], DType.F32, backend);
        var broken = TensorData.From("broken", TensorDataType.F32, [Count], (offset, _) =>
        {
            if (offset > 0) throw new SerializationException("the file ended");
        });
        Assert.That(() => new FiniteLoad().Load(target, broken), Throws.TypeOf<SerializationException>());
    }

    [Test]
    public void A_number_that_is_not_finite_is_found_wherever_it_stands()
    {
        const int length = 37;
        Assert.Multiple(() =>
        {
            for (var at = 0; at < length; at++)
                foreach (var bad in (double[])[double.NaN, double.PositiveInfinity, double.NegativeInfinity])
                {
                    var doubles = Enumerable.Repeat(double.MaxValue, length).ToArray();
                    doubles[at] = bad;
                    var singles = Enumerable.Repeat(float.MinValue, length).ToArray();
                    singles[at] = (float)bad;
                    Assert.That(NonFinite.Count<double>(doubles), Is.EqualTo(1));
                    Assert.That(NonFinite.Count<float>(singles), Is.EqualTo(1));
                    Assert.That(NonFinite.Count<Half>(Array.ConvertAll(singles, v => (Half)(v / 1e35f))),
                        Is.EqualTo(1));
                }
            Assert.That(NonFinite.Count<float>(Enumerable.Repeat(float.NaN, length).ToArray()), Is.EqualTo(length));
        });
    }
}
