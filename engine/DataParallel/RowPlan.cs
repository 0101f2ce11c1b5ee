using System.Runtime.InteropServices;
using AmcEngine.Collectives;

namespace AmcEngine.DataParallel;

/// <summary>
/// Which rows of which rank go where. Each rank has as many rows; all of them, one rank's after the other's, are
/// numbered.
/// </summary>
public sealed class RowPlan
{
    private RowPlan(ICommunicator ranks, int[] own, int[] sent, int[] received, int[] coming, int[] places) =>
        (Ranks, Own, Sent, Received, Coming, Places) = (ranks, own, sent, received, coming, places);

    /// <summary>Rows in the plan that this rank wants.</summary>
    public int Count => Places.Length;

    /// <summary>The ranks.</summary>
    internal ICommunicator Ranks { get; }

    /// <summary>This rank's rows that others and itself want: those for rank 0 first.</summary>
    internal int[] Own { get; }

    /// <summary>How many of these go to each rank.</summary>
    internal int[] Sent { get; }

    /// <summary>How many come from each rank.</summary>
    internal int[] Received { get; }

    /// <summary>Which of the rows that this rank wants come, rank 0's first.</summary>
    internal int[] Coming { get; }

    /// <summary>For each row that this rank wants its place among those that come, rank 0's first.</summary>
    internal int[] Places { get; }

    /// <summary>Tells all ranks what this one wants. All ranks call it.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="rows">Rows of each rank.</param>
    /// <param name="wanted">Numbers of the rows that this rank wants; some may be there twice.</param>
    /// <exception cref="CollectiveException">The ranks could not exchange.</exception>
    public static RowPlan Of(ICommunicator ranks, int rows, int[] wanted)
    {
        var all = Array.ConvertAll(ranks.AllGather(MemoryMarshal.AsBytes(wanted.AsSpan())),
            b => MemoryMarshal.Cast<byte, int>(b).ToArray());
        int Owner(int row) => row / rows;
        int[][] asked = [.. all.Select(w => w.Where(r => Owner(r) == ranks.Rank).Select(r => r % rows).ToArray())];
        // What comes is in the order of ranks, and of one rank in the order in which it was asked for.
        int[] coming = [.. Enumerable.Range(0, wanted.Length).OrderBy(i => Owner(wanted[i]))];
        var places = new int[wanted.Length];
        for (var place = 0; place < coming.Length; place++) places[coming[place]] = place;
        return new RowPlan(ranks, [.. asked.SelectMany(a => a)], [.. asked.Select(a => a.Length)],
            [.. Enumerable.Range(0, ranks.Size).Select(r => wanted.Count(w => Owner(w) == r))], coming, places);
    }
}
