using System.Runtime.CompilerServices;
using AmcEngine.Tensors;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Host;

/// <summary>Tensors as kernels see them.</summary>
internal static class DeviceView
{
    /// <summary>The elements of a tensor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ArrayView<T> Of<T>(Tensor tensor) where T : unmanaged =>
        Of<T>(tensor, (long)tensor.Count * Unsafe.SizeOf<T>());

    /// <summary>So many bytes from the first element on, in elements of any type.</summary>
    public static ArrayView<T> Of<T>(Tensor tensor, long bytes) where T : unmanaged
    {
        var all = tensor.Storage.Buffer.View.BaseView;
        return all.SubView((long)tensor.Offset * tensor.DType.Size(), bytes).Cast<T>();
    }
}
