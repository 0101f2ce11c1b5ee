namespace AmcEngine.Backends.Gpu.Host;

/// <summary>
/// A GPU kernel: a struct without state whose static <see cref="Run"/> is the body. It is explicitly grouped (one
/// dimension) and takes one struct of views and numbers, so that a launch has one shape for all kernels.
/// </summary>
/// <typeparam name="TArgs">The kernel's arguments.</typeparam>
internal interface IKernel<TArgs> where TArgs : struct
{
    /// <summary>What one lane does.</summary>
    static abstract void Run(TArgs args);
}
