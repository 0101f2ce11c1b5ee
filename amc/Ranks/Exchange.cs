using System.Runtime.InteropServices;
using AmcEngine.Collectives;

namespace AmcEngine.Amc.Ranks;

/// <summary>Small lists that all ranks tell one another.</summary>
internal static class Exchange
{
    /// <summary>The whole numbers of each rank, of which each may have another count. All ranks call it.</summary>
    public static int[][] Integers(ICommunicator ranks, ReadOnlySpan<int> own) =>
        Array.ConvertAll(ranks.AllGather(MemoryMarshal.AsBytes(own)), b => MemoryMarshal.Cast<byte, int>(b).ToArray());

    /// <summary>The numbers of each rank, of which each may have another count. All ranks call it.</summary>
    public static double[][] Numbers(ICommunicator ranks, ReadOnlySpan<double> own) => Array.ConvertAll(
        ranks.AllGather(MemoryMarshal.AsBytes(own)), b => MemoryMarshal.Cast<byte, double>(b).ToArray());
}
