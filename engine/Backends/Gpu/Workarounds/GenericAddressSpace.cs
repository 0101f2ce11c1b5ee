using ILGPU.Backends.OpenCL;
using ILGPU.Runtime.OpenCL;

namespace AmcEngine.Backends.Gpu.Workarounds;

/// <summary>
/// Lets ILGPU take OpenCL devices that do not report generic addresses (PoCL before version 4). ILGPU 1.5.3 refuses
/// them, but at optimisation level O2 it infers the address space of every pointer, so that our kernels use none. The
/// setter is internal, hence the reflection. Can go when ILGPU asks for the capability only where a kernel needs it.
/// </summary>
internal static class GenericAddressSpace
{
    private static readonly CLCVersion Oldest = new(2, 0);

    /// <summary>
    /// Marks the capability as present; a filter for ILGPU's device list, which accepts every device of OpenCL 2.0 or
    /// later.
    /// </summary>
    public static bool Assume(CLDevice device)
    {
        var property = device.Capabilities.GetType().GetProperty(nameof(device.Capabilities.GenericAddressSpace));
        if (property?.SetMethod is { } set) set.Invoke(device.Capabilities, [true]);
        return device.CLStdVersion >= Oldest;
    }
}
