using System.Runtime.InteropServices;
using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Collectives;
using AmcEngine.DataParallel;
using AmcEngine.Tensors;

namespace AmcEngine.Model.DataParallel;

/// <summary>
/// A rank's share of the global batch: of R·b samples those from Rank·b on. All ranks exchange the same things in the
/// same order, whatever their samples are.
/// </summary>
/// <param name="ranks">The ranks.</param>
/// <param name="scopes">What is computed over all ranks; null for nothing.</param>
public sealed class BatchShare(ICommunicator ranks, RankScopes? scopes = null)
{
    // Gathered tensors whose gradients are still to be scattered in this step: as many on each rank.
    private int _toScatter;

    /// <summary>A process alone, whose samples are the batch.</summary>
    public static BatchShare Whole { get; } = new(SingleCommunicator.Instance);

    /// <summary>The ranks.</summary>
    public ICommunicator Ranks { get; } = ranks;

    /// <summary>What is computed over all ranks; nothing is where there is one.</summary>
    public RankScopes Scopes { get; } = ranks.Size > 1 && scopes is not null ? scopes : RankScopes.Local;

    /// <summary>Whether the samples are the whole batch.</summary>
    public bool IsWhole => Ranks.Size == 1;

    /// <summary>Whether gradients of gathered tensors have still to be exchanged in this backward pass.</summary>
    public bool HasToScatter => _toScatter > 0;

    /// <summary>Begins a step.</summary>
    internal void Begin() => _toScatter = 0;

    /// <summary>A number for each rank, as equal shares of a whole have.</summary>
    internal RowRange Rows(int count) => new(Ranks.Rank * count, count);

    /// <summary>Where a stage of so many rows stands in that of the whole batch; null where it is that.</summary>
    internal RowRange[]? Places(int count) => IsWhole ? null : [Rows(count)];

    /// <summary>The samples of all ranks, recorded.</summary>
    internal Tensor Gather(Tensor rows)
    {
        if (IsWhole) return rows;
        var all = rows.GatherRows(Ranks, () => _toScatter--);
        if (all.RequiresGrad) _toScatter++;
        return all;
    }

    /// <summary>Which samples of all ranks this one wants, by their numbers in the batch. All ranks call it.</summary>
    internal RowPlan Plan(int[] wanted, int count) => RowPlan.Of(Ranks, count, wanted);

    /// <summary>The samples of a plan, recorded.</summary>
    internal Tensor Pick(Tensor rows, RowPlan plan)
    {
        var picked = rows.PickRows(plan, () => _toScatter--);
        if (picked.RequiresGrad) _toScatter++;
        return picked;
    }

    /// <summary>The samples of all ranks, a constant.</summary>
    internal Tensor GatherConstant(Tensor rows)
    {
        if (IsWhole) return rows;
        using var noGrad = NoGrad.Begin();
        return rows.GatherRows(Ranks);
    }

    /// <summary>Values of all ranks, which may be of different number.</summary>
    internal int[] Gather(int[] values) => IsWhole ? values : [.. Exchange(values).SelectMany(v => v)];

    /// <summary>Values of all ranks; null where one has none.</summary>
    internal long[]? Gather(long[]? values)
    {
        if (IsWhole) return values;
        var all = Exchange(values ?? []);
        return all.Any(v => v.Length == 0) ? null : [.. all.SelectMany(v => v)];
    }

    /// <summary>A number of each rank.</summary>
    internal int[] Numbers(int own) => IsWhole ? [own] : [.. Exchange([own]).Select(v => v[0])];

    /// <summary>The sum of a number over the ranks.</summary>
    public long Count(int own) => Numbers(own).Sum(n => (long)n);

    private T[][] Exchange<T>(T[] own) where T : unmanaged => Array.ConvertAll(
        Ranks.AllGather(MemoryMarshal.AsBytes(own.AsSpan())), b => MemoryMarshal.Cast<byte, T>(b).ToArray());
}
