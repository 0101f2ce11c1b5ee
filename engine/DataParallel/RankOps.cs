using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Collectives;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.DataParallel;

/// <summary>
/// Ops that ranks compute together. What is minimised is the mean of the ranks' losses; a backward pass on each rank
/// begins with its own loss, and gradients of weights are averaged afterwards.
/// </summary>
public static class RankOps
{
    // What exchanges are for.
    private const string Rows = "gathered rows", Gradients = "gradients of gathered rows";

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
        using (CollectiveUse.Begin(Rows)) ranks.AllGatherNow(x, y);
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
        using (CollectiveUse.Begin(Gradients)) ranks.ReduceScatterNow(x, y);
        return Graph.Record("scatter_rows", [x], y, [], (_, g) => [g[0]!.GatherRows(ranks)]);
    }

    /// <summary>
    /// Rows of all ranks, of which only those that are wanted travel. Their gradients go back to the ranks that have
    /// them, and add up there.
    /// </summary>
    /// <param name="x">This rank's rows <c>[n, …]</c>; as many on each rank.</param>
    /// <param name="plan">Which rows this rank wants and which the others.</param>
    /// <param name="returned">Called when the gradient has been exchanged.</param>
    /// <returns>The rows that this rank wants <c>[m, …]</c>.</returns>
    /// <exception cref="CollectiveException">The ranks could not exchange.</exception>
    public static Tensor PickRows(this Tensor x, RowPlan plan, Action? returned = null) => x
        .IndexSelect(0, Index(plan.Own, x)).SwapRows(plan.Ranks, plan.Sent, plan.Received, Rows, returned)
        .IndexSelect(0, Index(plan.Places, x));

    /// <summary>
    /// The adjoint of <see cref="PickRows"/>, not recorded: adds to each row what all ranks that wanted it have for it.
    /// </summary>
    /// <param name="gradient">What this rank has for the rows that it wanted <c>[m, …]</c>.</param>
    /// <param name="plan">The plan by which they were picked.</param>
    /// <param name="sum">This rank's rows <c>[n, …]</c>, to which is added.</param>
    /// <exception cref="CollectiveException">The ranks could not exchange.</exception>
    public static void ReturnRows(Tensor gradient, RowPlan plan, Tensor sum)
    {
        using var noGrad = NoGrad.Begin();
        using var scope = MemoryScope.Begin();
        var own = gradient.IndexSelect(0, Index(plan.Coming, gradient))
            .SwapRows(plan.Ranks, plan.Received, plan.Sent, Gradients);
        sum.Backend.Run(new IndexAddArgs(own, sum.Shape.View(0), Index(plan.Own, sum), -1, sum, Accumulate: true));
    }

    // Rows in the order of the ranks to which they go become those in the order of the ranks from which they come.
    private static Tensor SwapRows(
        this Tensor x, ICommunicator ranks, int[] sent, int[] received, string use, Action? returned = null)
    {
        var y = x.EmptyLike(x.Shape.With(0, received.Sum()));
        using (CollectiveUse.Begin(use)) ranks.AllToAll(x, sent, y, received).Wait();
        return Graph.Record("swap_rows", [x], y, [], (_, g) =>
        {
            var back = g[0]!.SwapRows(ranks, received, sent, Gradients);
            returned?.Invoke();
            return [back];
        });
    }

    private static Tensor Index(int[] rows, Tensor beside) => Tensor.From(rows, [rows.Length], beside.Backend);

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
        using (CollectiveUse.Begin("sums over ranks")) ranks.AllReduceNow(y);
        return Graph.Record("sum_over_ranks", [x], y, [], (_, g) => [g[0]!.Scale(ranks.Size)]);
    }
}
