using AmcEngine.Autograd;
using AmcEngine.Backends.Cpu;
using AmcEngine.DataParallel;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine.Collectives;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.DataParallel;

/// <summary>Rows that ranks get from one another.</summary>
[TestFixture]
internal sealed class PickRowsTests
{
    // Each of 3 ranks has 2 rows. Rank 1 wants one row twice, nobody wants row 3, rank 2 wants none of rank 1's.
    private static readonly int[][] Wanted = [[5, 0, 2], [4, 1, 4, 2], [5, 0]];

    private static double[] Row(int number) => [10 * number + 1, 10 * number + 2];

    /// <summary>Loss of rank r: Σ over its picked rows k of w(r, k)·x², to the second order.</summary>
    [Test]
    public void Wanted_rows_come_in_order_and_gradients_go_back_and_add_up()
    {
        var results = ThreadCommunicator.Run(3, c =>
        {
            using var backend = new CpuBackend(1);
            using var scope = MemoryScope.Begin();
            var own = Tensor.From([.. Row(2 * c.Rank), .. Row(2 * c.Rank + 1)], [2, 2], backend).SetRequiresGrad();
            var plan = RowPlan.Of(c, 2, Wanted[c.Rank]);
            var returned = 0;
            var picked = own.PickRows(plan, () => returned++);
            Assert.That(returned, Is.Zero);
            var weights = Tensor.From(Enumerable.Range(0, plan.Count).Select(k => Weight(c.Rank, k)).ToArray(),
                [plan.Count, 1], backend);
            var first = AutogradEngine.Grad([picked.Square().Mul(weights).Sum()], [own], createGraph: true)[0]!;
            Assert.That(returned, Is.EqualTo(1));
            var second = AutogradEngine.Grad([first.Sum()], [own])[0]!;
            // The adjoint by itself, to which something was added before.
            var sum = Tensor.Full([2, 2], 3, DType.F64, backend);
            RankOps.ReturnRows(weights.Mul(Tensor.Ones([plan.Count, 2], DType.F64, backend)), plan, sum);
            return (Picked: picked.ToDoubles(), First: first.ToDoubles(), Second: second.ToDoubles(),
                Sum: sum.ToDoubles());
        });
        foreach (var (rank, result) in results.Index())
        {
            Assert.That(result.Picked, Is.EqualTo(Wanted[rank].SelectMany(Row)));
            for (var row = 0; row < 2; row++)
            {
                var number = 2 * rank + row;
                var weight = Enumerable.Range(0, 3).Sum(r => Wanted[r].Select(
                    (w, k) => w == number ? Weight(r, k) : 0).Sum());
                foreach (var (column, x) in Row(number).Index())
                {
                    var at = 2 * row + column;
                    Assert.That(result.First[at], Is.EqualTo(2 * weight * x), $"row {number}");
                    Assert.That(result.Second[at], Is.EqualTo(2 * weight), $"row {number}");
                    Assert.That(result.Sum[at], Is.EqualTo(3 + weight), $"row {number}");
                }
            }
        }
    }

    private static double Weight(int rank, int place) => 1 + rank + 5 * place;
}
