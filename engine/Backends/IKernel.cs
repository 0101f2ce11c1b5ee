namespace AmcEngine.Backends;

/// <summary>
/// The operands of a kernel, in a struct of their own for each kernel: what is read, what is written, and what the call
/// costs. Nothing else knows a kernel's name or cost: profiler and benchmarks ask here.
/// </summary>
public interface IKernelArgs
{
    /// <summary>Name and work of this call.</summary>
    KernelWork Work { get; }
}

/// <summary>A kernel as a back end has it, named by the type of its operands.</summary>
/// <typeparam name="TArgs">Its operands.</typeparam>
public interface IKernel<TArgs> where TArgs : struct, IKernelArgs, allows ref struct
{
    /// <summary>Computes, or queues where the device has a queue.</summary>
    void Run(in TArgs args);
}
