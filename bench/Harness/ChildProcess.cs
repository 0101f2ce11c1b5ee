using System.Diagnostics;

namespace AmcEngine.Bench.Harness;

/// <summary>Starts this program again: a clean process for each side of a comparison.</summary>
internal static class ChildProcess
{
    /// <summary>How to start it on this process's own input and output.</summary>
    public static ProcessStartInfo Sharing(IEnumerable<string> arguments)
    {
        var self = Environment.ProcessPath!;
        var assembly = typeof(ChildProcess).Assembly.Location;
        // Started as "dotnet AmcEngine.Bench.dll", the program is the host's first argument.
        return Path.GetFileNameWithoutExtension(self) == Path.GetFileNameWithoutExtension(assembly)
            ? new ProcessStartInfo(self, arguments)
            : new ProcessStartInfo(
                Path.GetFileNameWithoutExtension(self) == "dotnet" ? self : "dotnet", [assembly, .. arguments]);
    }

    /// <summary>How to start it; its standard output goes to this process, its errors to the terminal.</summary>
    public static ProcessStartInfo Of(
        IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var info = Sharing(arguments);
        (info.UseShellExecute, info.RedirectStandardInput, info.RedirectStandardOutput) = (false, true, true);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) info.Environment[name] = value;
        return info;
    }
}
