using CommandLine;
using CommandLine.Text;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Arguments of <c>amcx devices</c>.</summary>
[Verb("devices", HelpText = "List the devices that can compute.")]
internal sealed class DevicesOptions : CommonOptions
{
    /// <summary>Examples of the help page.</summary>
    [Usage(ApplicationAlias = "amcx")]
    public static IEnumerable<Example> Examples => [HelpExample.Of("List devices", new DevicesOptions())];
}
