using System.Text.RegularExpressions;
using AmcEngine.Backends.Gpu;
using AmcEngine.Backends.Gpu.Host;
using ILGPU.Runtime.Cuda;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>What kernels become for an NVIDIA GPU, without one.</summary>
internal static partial class PtxTexts
{
    /// <summary>
    /// No registers kept in local memory, no missing function, no load or store through generic addresses.
    /// </summary>
    public static void CheckMemory(string name, string text)
    {
        Assert.That(text, Does.Not.Contain(".local"), $"{name} keeps registers in local memory");
        Assert.That(text, Does.Not.Contain(".extern"), $"{name} calls what is not there");
        Assert.That(GenericAccess().Matches(text).Select(m => m.Value), Is.Empty,
            $"{name} loads or stores through generic addresses");
    }

    /// <summary>PTX for sm_80 of every kernel that an action launches, by the kernel's name.</summary>
    public static Dictionary<string, string> Of(Action<GpuBackend> launch)
    {
        var host = new PtxHost(CudaArchitecture.SM_80, CudaInstructionSet.ISA_78);
        using var backend = new GpuBackend(host);
        launch(backend);
        return host.Texts.ToDictionary(t => KernelTypes.Name(t.Key), t => t.Value);
    }

    /// <summary>
    /// No slow memory, no missing function, no generic address; 16-byte loads and stores where the kernel's name begins
    /// so.
    /// </summary>
    public static void Check(Dictionary<string, string> texts, params string[] vectors)
    {
        foreach (var (name, text) in texts) CheckMemory(name, text);
        foreach (var vector in vectors)
        {
            var found = texts.Where(t => t.Key.StartsWith(vector, StringComparison.Ordinal)).ToList();
            Assert.That(found, Is.Not.Empty, vector);
            foreach (var (name, text) in found)
            {
                Assert.That(text, Does.Contain("ld.global.v4"), name);
                Assert.That(text, Does.Contain("st.global.v4"), name);
            }
        }
    }

    [GeneratedRegex(@"\b(ld|st)\.(?!global|shared|param)\S*")]
    private static partial Regex GenericAccess();
}
