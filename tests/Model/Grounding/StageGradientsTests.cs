using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Model.Grounding;

/// <summary>When the gradients of weights are whole in a pass by parts.</summary>
[TestFixture]
internal sealed class StageGradientsTests
{
    /// <summary>
    /// y = Σ c·h·a·b with h = x·a, row by row: c is read by the loss alone, b by the second stage, a by both.
    /// </summary>
    [Test]
    public void A_weight_is_told_of_when_nothing_more_comes_and_not_before()
    {
        using var backend = new CpuBackend(1);
        using var scope = MemoryScope.Begin();
        var stages = Stages();
        Tensor a = Leaf("a", 3), b = Leaf("b", 5), c = Leaf("c", 7);
        var x = Tensor.From([1.0, 2, 4], [3, 1], backend);
        var h = stages.Run(3, [], part => [part.Of(x).Mul(a)]).Tensors[0];
        var y = stages.Run(3, [new StageInput(h)], part => [part.Input(0).Mul(a).Mul(b)]).Tensors[0];
        List<(string Name, double Gradient)> told = [];
        stages.Backward(y.Sum().Mul(c.Sum()), leaf =>
        {
            if (leaf.Name is { } name) told.Add((name, leaf.Grad!.Item()));
        });
        // Σx = 7: y = 7·a²·b·c.
        (string, double)[] whole = [("c", 7 * 9 * 5), ("b", 7 * 9 * 7), ("a", 7 * 2 * 3 * 5 * 7)];
        Assert.That(told.Distinct(), Is.EqualTo(whole));

        Tensor Leaf(string name, double value)
        {
            var leaf = Tensor.From([value], [1, 1], backend).SetRequiresGrad();
            leaf.Name = name;
            return leaf;
        }
    }

    [Test]
    public void A_stage_that_reads_another_weight_the_second_time_is_refused()
    {
        using var backend = new CpuBackend(1);
        using var scope = MemoryScope.Begin();
        var stages = Stages();
        var x = Tensor.From([1.0, 2], [2, 1], backend);
        var first = Tensor.From([3.0], [1, 1], backend).SetRequiresGrad();
        var second = Tensor.From([4.0], [1, 1], backend).SetRequiresGrad();
        (first.Name, second.Name) = ("first", "second");
        var y = stages.Run(2, [], part => [part.Of(x).Mul(part.IsRecorded ? second : first)]).Tensors[0];
        Assert.That(() => stages.Backward(y.Sum(), _ => { }),
            Throws.TypeOf<ModelException>().With.Message.Contains("reads second"));
    }

    private static BatchStages Stages() => new(new StepOptions(0, new RandomSource(1)) { MicroBatch = 1 });
}
