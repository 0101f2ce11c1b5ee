using System.Runtime.InteropServices;
using AmcEngine.Collectives;

namespace AmcEngine.Amc.Training;

/// <summary>The losses of a step on each rank.</summary>
/// <param name="Names">Their names.</param>
/// <param name="Values">For each rank a value a name.</param>
internal sealed record RankLosses(string[] Names, double[][] Values)
{
    /// <summary>The means over ranks: what is minimised, and what logs show.</summary>
    public (string Name, double Value)[] Means =>
        [.. Names.Select((name, i) => (name, Values.Length == 1 ? Values[0][i] : Values.Average(v => v[i])))];

    /// <summary>The first value that is NaN or infinite; null where there is none.</summary>
    public (int Rank, string Name, double Value)? FirstNotFinite
    {
        get
        {
            foreach (var (rank, values) in Values.Index())
                if (Array.FindIndex(values, v => !double.IsFinite(v)) is var at and >= 0)
                    return (rank, Names[at], values[at]);
            return null;
        }
    }

    /// <summary>Of this rank and all others; null for a process alone.</summary>
    public static RankLosses Of(string[] names, double[] own, ICommunicator? ranks) => new(names, ranks is null
        ? [own]
        : Array.ConvertAll(ranks.AllGather(MemoryMarshal.AsBytes(own.AsSpan())),
            b => MemoryMarshal.Cast<byte, double>(b).ToArray()));
}
