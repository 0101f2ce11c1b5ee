using AmcEngine.Tensors;

namespace AmcEngine.Backends.Gpu.Host;

/// <summary>A driver's errors in one line each, with the remedy.</summary>
internal static class DeviceErrors
{
    /// <summary>The device stopped answering.</summary>
    public static EngineException Lost(DeviceInfo device, string what, Exception cause) =>
        new(what, $"{device.Id} ({device.Name}) failed ({Line(cause)}); see that the device is still there with 'amcx "
            + "devices', and resume from the last checkpoint");

    /// <summary>The driver refused a kernel.</summary>
    public static EngineException Rejected(DeviceInfo device, string kernel, Exception cause) =>
        new(kernel, $"the driver of {device.Id} ({device.Name}) refuses the kernel ({Line(cause)}); "
            + "please report it with the output of 'amcx devices'");

    /// <summary>The device is listed, but cannot be used.</summary>
    public static EngineException Unusable(DeviceInfo device, Exception cause) =>
        new("device", $"{device.Id} ({device.Name}) cannot be opened ({Line(cause)}); "
            + "see that no other program holds all of it and that its driver works, or use --device cpu");

    private static string Line(Exception cause) => cause.GetBaseException().Message.ReplaceLineEndings(" ").Trim();
}
