namespace AmcEngine.Backends.Gpu.Host;

/// <summary>
/// A GPU kernel: a struct without state whose static <see cref="Run"/> is the body. It is explicitly grouped (one
/// dimension) and takes one struct of views and numbers, so that a launch has one shape for all kernels.
/// </summary>
/// <typeparam name="TArgs">The kernel's arguments.</typeparam>
internal interface IDeviceKernel<TArgs> where TArgs : struct
{
    /// <summary>What one lane does.</summary>
    static abstract void Run(TArgs args);
}

/// <summary>
/// Marks a kernel of groups of 256 lanes of which two must fit into a multiprocessor: in f32, from sm_80 on, ptxas is
/// held to 128 registers a lane.
/// </summary>
internal interface ITwoGroups;
