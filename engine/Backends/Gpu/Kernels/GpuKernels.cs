using System.Runtime.CompilerServices;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Tensors;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>What the kernel families of a GPU back end share.</summary>
/// <param name="Device">Where kernels go.</param>
/// <param name="Backend">Owner of scratch memory.</param>
/// <param name="Forced">Variants that tests ask for.</param>
internal sealed record GpuContext(KernelHost Device, IBackend Backend, ForcedVariants Forced);

/// <summary>A family of kernels of the GPU back end: views of tensors, and launches.</summary>
internal abstract class GpuKernels(GpuContext context)
{
    /// <summary>Lanes of a group of the kernels that do not choose their own.</summary>
    protected const int GroupSize = 256;

    /// <summary>Where kernels go.</summary>
    protected KernelHost Device { get; } = context.Device;

    /// <summary>Owner of scratch memory.</summary>
    protected IBackend Backend { get; } = context.Backend;

    /// <summary>Variants that tests ask for.</summary>
    protected ForcedVariants Forced { get; } = context.Forced;

    /// <summary>Groups of a striding kernel: enough to fill the device; few where a lane is a thread.</summary>
    protected int MostGroups =>
        Device.Target == KernelTarget.Emulation ? 1 : 32 * Math.Max(1, Device.Accelerator.NumMultiprocessors);

    /// <summary>The elements of a tensor as kernels see them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected static ArrayView<T> View<T>(Tensor tensor) where T : unmanaged => DeviceView.Of<T>(tensor);

    /// <summary>So many bytes of a tensor in elements of another type.</summary>
    protected static ArrayView<T> View<T>(Tensor tensor, long bytes) where T : unmanaged =>
        DeviceView.Of<T>(tensor, bytes);

    /// <summary>An absent tensor is an empty view; its kernel is told by a flag.</summary>
    protected static ArrayView<T> ViewOrEmpty<T>(Tensor? tensor) where T : unmanaged =>
        tensor is null ? ArrayView<T>.Empty : View<T>(tensor);

    /// <summary>Whether 16-byte loads and stores may be used on all of these.</summary>
    protected static bool Aligned16(params ReadOnlySpan<Tensor> tensors)
    {
        foreach (var t in tensors)
            if ((long)t.Offset * t.DType.Size() % 16 != 0) return false;
        return true;
    }

    /// <summary>Whether four elements at a time are 16 bytes at an address that takes them.</summary>
    protected static bool Quads<T>(params ReadOnlySpan<Tensor> tensors) where T : unmanaged =>
        Unsafe.SizeOf<T>() == 4 && Aligned16(tensors);

    /// <summary>How many times four elements there are, the last of them perhaps not whole.</summary>
    protected static int QuadsOf(int count) => count / 4 + (count % 4 == 0 ? 0 : 1);

    /// <summary>Lanes for whole quads and what is left over.</summary>
    protected static int QuadLanes(int count) => count / 4 + count % 4;

    /// <summary>Queues a kernel whose lanes stride over count items.</summary>
    protected void LaunchOver<TKernel, TArgs>(long count, in TArgs args)
        where TKernel : struct, IDeviceKernel<TArgs> where TArgs : struct =>
        Device.Launch<TKernel, TArgs>((int)Math.Min((count + GroupSize - 1) / GroupSize, MostGroups), GroupSize, args);

    /// <summary>
    /// Queues a row kernel with the team that suits rows of this length, whose elements lie <paramref name="inner"/>
    /// apart.
    /// </summary>
    protected void LaunchRows<TArgs, TLane, TPart, TGroup>(int rows, int length, int inner, in TArgs args)
        where TArgs : struct where TLane : struct, IDeviceKernel<TArgs>
        where TPart : struct, IDeviceKernel<TArgs> where TGroup : struct, IDeviceKernel<TArgs>
    {
        // A processor runs the lanes of a group one after another: small groups leave work for all of its cores.
        var gpu = Device.Target == KernelTarget.Gpu;
        switch (Forced.Team ?? TeamFor(rows, length, inner))
        {
            case RowTeam.Lane: LaunchTeams<TLane, TArgs>(rows, 1, gpu ? 64 : 16, args); break;
            case RowTeam.Part:
                LaunchTeams<TPart, TArgs>(
                    rows, PartTeam.Lanes, gpu ? GroupTeam.MostLanes : PartTeam.Lanes, args); break;
            default: LaunchTeams<TGroup, TArgs>(rows, GroupTeam.Lanes, GroupTeam.MostLanes, args); break;
        }
    }

    private void LaunchTeams<TKernel, TArgs>(int rows, int lanes, int groupSize, in TArgs args)
        where TKernel : struct, IDeviceKernel<TArgs> where TArgs : struct
    {
        var teams = groupSize / lanes;
        Device.Launch<TKernel, TArgs>((int)(((long)rows + teams - 1) / teams), groupSize, args);
    }

    private RowTeam TeamFor(int rows, int length, int inner)
    {
        if (inner > 1 || Device.Target == KernelTarget.Emulation) return RowTeam.Lane;
        if (Device.Target == KernelTarget.Gpu)
            return length <= 8 ? RowTeam.Lane : length <= 1024 ? RowTeam.Part : RowTeam.Group;
        // On a processor a barrier costs more than it saves, as long as there are rows for all cores; sums of long rows
        // need the lanes for accuracy.
        return length <= 64 || (length <= 1024 && rows >= 32 * Device.Accelerator.NumMultiprocessors)
            ? RowTeam.Lane : RowTeam.Part;
    }
}
