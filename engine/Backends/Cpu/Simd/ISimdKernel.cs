namespace AmcEngine.Backends.Cpu.Simd;

/// <summary>
/// Work on a range of rows or elements, compiled once for each register width. What is computed for an index must not
/// depend on how the range is cut, so that results are the same on any number of threads.
/// </summary>
internal interface ISimdKernel<T> where T : unmanaged
{
    /// <summary>Computes [from, to).</summary>
    void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged;
}

/// <summary>A kernel without vectors: movement and indexing.</summary>
internal interface IRange
{
    /// <summary>Computes [from, to).</summary>
    void Run(int from, int to);
}
