using System.Runtime.InteropServices;

namespace AmcEngine.Collectives;

/// <summary>
/// Loads a native library so that its symbols serve those loaded later: MPI libraries load parts of their own that
/// expect to find it. The runtime's own way to load keeps the symbols of each library apart.
/// </summary>
internal static unsafe class GlobalLibrary
{
    private const int Now = 2;

    /// <summary>The library's handle; 0, and the reason, where it cannot be loaded.</summary>
    /// <param name="name">Its file, or a name that the system searches for.</param>
    /// <param name="reason">What the system says.</param>
    public static nint Load(string name, out string reason)
    {
        reason = "";
        var program = NativeLibrary.GetMainProgramHandle();
        if (!NativeLibrary.TryGetExport(program, "dlopen", out var open)
            || !NativeLibrary.TryGetExport(program, "dlerror", out var error))
        {
            // A system without dlopen.
            if (NativeLibrary.TryLoad(name, out var plain)) return plain;
            reason = "no such library";
            return 0;
        }
        var global = OperatingSystem.IsMacOS() ? 0x8 : 0x100;
        var text = Marshal.StringToCoTaskMemUTF8(name);
        var handle = ((delegate* unmanaged[Cdecl]<nint, int, nint>)open)(text, Now | global);
        if (handle == 0)
            reason = Marshal.PtrToStringUTF8(((delegate* unmanaged[Cdecl]<nint>)error)()) ?? "no reason given";
        Marshal.FreeCoTaskMem(text);
        return handle;
    }
}
