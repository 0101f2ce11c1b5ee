using AmcEngine.Tensors;

namespace AmcEngine.Backends.Gpu.Host;

/// <summary>A driver's errors in one line each, with the remedy.</summary>
internal static class DeviceErrors
{
    /// <summary>The device stopped answering.</summary>
    public static EngineException Lost(DeviceInfo device, string what, Exception cause) =>
        new(what, $"{device.Id} ({device.Name}) failed ({Line(cause)}); see that the device is still there with 'amcx devices', and resume from the last checkpoint");

    /// <summary>The driver refused a kernel.</summary>
    public static EngineException Rejected(DeviceInfo device, string kernel, Exception cause) =>
        new(kernel, $"the driver of {device.Id} ({device.Name}) refuses the kernel ({Line(cause)}); please report it with the output of 'amcx devices'");

    private static string Line(Exception cause) => cause.GetBaseException().Message.ReplaceLineEndings(" ").Trim();
}
