using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Gpu.Kernels;

namespace AmcEngine.Backends.Gpu;

// Launches of the kernels whose lanes share a row; see Kernels/GroupReduce.cs.
public sealed partial class GpuBackend
{
    /// <summary>How many lanes share a row, whatever its length; null: by length and device. Tests go through all of them.</summary>
    internal RowTeam? ForcedTeam { get; set; }

    /// <summary>Queues a row kernel with the team that suits rows of this length, whose elements lie <paramref name="inner"/> apart.</summary>
    private void LaunchRows<TArgs, TLane, TPart, TGroup>(int rows, int length, int inner, in TArgs args)
        where TArgs : struct where TLane : struct, IKernel<TArgs> where TPart : struct, IKernel<TArgs> where TGroup : struct, IKernel<TArgs>
    {
        // A processor runs the lanes of a group one after another: small groups leave work for all of its cores.
        var gpu = _host.Target == KernelTarget.Gpu;
        switch (ForcedTeam ?? TeamFor(rows, length, inner))
        {
            case RowTeam.Lane: LaunchTeams<TLane, TArgs>(rows, 1, gpu ? 64 : 16, args); break;
            case RowTeam.Part: LaunchTeams<TPart, TArgs>(rows, PartTeam.Lanes, gpu ? GroupTeam.MostLanes : PartTeam.Lanes, args); break;
            default: LaunchTeams<TGroup, TArgs>(rows, GroupTeam.Lanes, GroupTeam.MostLanes, args); break;
        }
    }

    private void LaunchTeams<TKernel, TArgs>(int rows, int lanes, int groupSize, in TArgs args) where TKernel : struct, IKernel<TArgs> where TArgs : struct
    {
        var teams = groupSize / lanes;
        _host.Launch<TKernel, TArgs>((int)(((long)rows + teams - 1) / teams), groupSize, args);
    }

    private RowTeam TeamFor(int rows, int length, int inner)
    {
        if (inner > 1 || _host.Target == KernelTarget.Emulation) return RowTeam.Lane;
        if (_host.Target == KernelTarget.Gpu) return length <= 8 ? RowTeam.Lane : length <= 1024 ? RowTeam.Part : RowTeam.Group;
        // On a processor a barrier costs more than it saves, as long as there are rows for all cores; sums of long rows need the lanes for accuracy.
        return length <= 64 || (length <= 1024 && rows >= 32 * _host.Accelerator.NumMultiprocessors) ? RowTeam.Lane : RowTeam.Part;
    }
}

/// <summary>How many lanes share a row.</summary>
internal enum RowTeam
{
    /// <summary>One.</summary>
    Lane,

    /// <summary>32.</summary>
    Part,

    /// <summary>A group of 256.</summary>
    Group,
}
