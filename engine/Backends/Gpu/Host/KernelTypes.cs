using System.Reflection;

namespace AmcEngine.Backends.Gpu.Host;

/// <summary>What can be read off a kernel's type.</summary>
internal static class KernelTypes
{
    /// <summary>The method that ILGPU compiles.</summary>
    public static MethodInfo Entry<TKernel>() =>
        typeof(TKernel).GetMethod(nameof(IDeviceKernel<>.Run), BindingFlags.Public | BindingFlags.Static)!;

    /// <summary>Whether the kernel computes in f64.</summary>
    public static bool UsesDouble(Type kernel) => kernel.GenericTypeArguments.Contains(typeof(double));

    /// <summary>Name for people: <c>MapKernel&lt;Single, ExpOp&gt;</c>.</summary>
    public static string Name(Type kernel)
    {
        if (!kernel.IsGenericType) return kernel.Name;
        var name = kernel.Name[..kernel.Name.IndexOf('`')];
        return $"{name}<{string.Join(", ", kernel.GenericTypeArguments.Select(Name))}>";
    }
}
