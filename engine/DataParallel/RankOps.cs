using AmcEngine.Autograd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Collectives;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.DataParallel;

/// <summary>
/// Ops that ranks compute together. What is minimised is the mean of the ranks' losses; a backward pass on each rank
/// begins with its own loss, and gradients of weights are averaged afterwards.
/// </summary>
public static class RankOps
{
    /// <summary>
    /// The ranks' <c>[n, …]</c> one after the other, <c>[R·n, …]</c>. The gradient of a rank's rows is the sum of what
    /// the ranks' losses say of them (<see cref="ScatterRows"/>), so that all ranks must ask for it, in the same order.
    /// </summary>
    /// <param name="x">This rank's rows; as many on each rank.</param>
    /// <param name="ranks">The ranks.</param>
    /// <param name="scattered">Called when the gradient has been exchanged.</param>
    /// <exception cref="CollectiveException">The ranks could not exchange.</exception>
    public static Tensor GatherRows(this Tensor x, ICommunicator ranks, Action? scattered = null)
    {
        OpSupport.RequireFloating("gather_rows", x);
        if (ranks.Size == 1) return x;
        var y = x.EmptyLike(x.Shape.With(0, ranks.Size * x.Shape[0]));
        ranks.AllGatherNow(x, y);
        return Graph.Record("gather_rows", [x], y, [], (_, g) =>
        {
            var own = g[0]!.ScatterRows(ranks);
            scattered?.Invoke();
            return [own];
        });
    }

    /// <summary>
    /// This rank's <c>[n, …]</c> of the sum of the ranks' <c>[R·n, …]</c>; its gradient is the gathering.
    /// </summary>
    /// <param name="x">Rows for each rank.</param>
    /// <param name="ranks">The ranks.</param>
    /// <exception cref="ShapeException">The rows cannot be dealt out equally.</exception>
    /// <exception cref="CollectiveException">The ranks could not exchange.</exception>
    public static Tensor ScatterRows(this Tensor x, ICommunicator ranks)
    {
        OpSupport.RequireFloating("scatter_rows", x);
        if (ranks.Size == 1) return x;
        if (x.Shape.Rank == 0 || x.Shape[0] % ranks.Size != 0)
            throw new ShapeException("scatter_rows", $"{x.Shape} has no equal share for each of {ranks.Size} ranks");
        var y = x.EmptyLike(x.Shape.With(0, x.Shape[0] / ranks.Size));
        ranks.ReduceScatterNow(x, y);
        return Graph.Record("scatter_rows", [x], y, [], (_, g) => [g[0]!.GatherRows(ranks)]);
    }

    /// <summary>
    /// The sum of the ranks' tensors, on each rank, for a loss that all ranks go on to compute from it in the same way.
    /// The mean of these equal losses changes with a rank's own tensor as each of them does; since gradients are
    /// averaged in the end, R times that is handed on, and ranks whose tensor is a constant need do nothing.
    /// </summary>
    /// <param name="x">This rank's summand; of the same shape on each rank.</param>
    /// <param name="ranks">The ranks.</param>
    /// <exception cref="CollectiveException">The ranks could not exchange.</exception>
    public static Tensor SumOverRanks(this Tensor x, ICommunicator ranks)
    {
        OpSupport.RequireFloating("sum_over_ranks", x);
        if (ranks.Size == 1) return x;
        var y = x.EmptyLike();
        x.Backend.Run(new CopyArgs(x, y));
        ranks.AllReduceNow(y);
        return Graph.Record("sum_over_ranks", [x], y, [], (_, g) => [g[0]!.Scale(ranks.Size)]);
    }
}
