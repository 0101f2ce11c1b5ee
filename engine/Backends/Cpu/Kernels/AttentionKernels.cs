using System.Numerics;
using AmcEngine.Backends.Cpu.Host;
using AmcEngine.Backends.Cpu.Simd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu.Kernels;

/// <summary>Fused attention and its gradients of first and second order: how the work is cut.</summary>
internal sealed class AttentionKernels(CpuHost host) : CpuKernels(host), IAttentionKernels
{
    // Query rows of a block: eight full micro-kernels of AVX-512.
    private const int QueryBlock = 112;

    /// <inheritdoc/>
    public void Run(in AttentionArgs args)
    {
        if (args.Output.DType == DType.F64) Forward<double>(args);
        else Forward<float>(args);
    }

    /// <inheritdoc/>
    public void Run(in AttentionBackwardArgs args)
    {
        if (args.Output.DType == DType.F64) Backward<double>(args);
        else Backward<float>(args);
    }

    /// <inheritdoc/>
    public void Run(in AttentionDoubleBackwardArgs args)
    {
        if (args.Output.DType == DType.F64) DoubleBackward<double>(args);
        else DoubleBackward<float>(args);
    }

    private void Forward<T>(in AttentionArgs args) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var operands = args.Operands;
        if (IsEmpty(operands)) return;
        var problem = Problem<T>(operands, args.Output, args.Lse);
        int heads = operands.B * operands.H, lq = operands.Lq;
        // Heads are enough tiles as a rule; few heads of many rows are cut finer.
        var blocks = (lq + QueryBlock - 1) / QueryBlock;
        if (Workers.Threads > 1)
            blocks = Math.Max(blocks, Math.Min((lq + 13) / 14, (4 * Workers.Threads + heads - 1) / heads));
        // A head's blocks share the copies of its keys: they stay on one thread where there are heads enough.
        var together = Together<T>(operands);
        together = together > 1 || heads >= 4 * Workers.Threads ? together * blocks : 1;
        RunTiles(heads * blocks, together, Operations(operands, 4), (from, to) =>
            SimdDispatch.Run<T, AttentionForwardKernel<T>>(new AttentionForwardKernel<T>(problem, blocks), from, to));
    }

    private unsafe void Backward<T>(in AttentionBackwardArgs args) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var operands = args.Operands;
        if (IsEmpty(operands)) return;
        var problem = Problem<T>(operands, args.Output, args.Lse);
        problem.G = Ptr<T>(args.G);
        problem.Dq = Ptr<T>(args.Dq);
        problem.Dk = Ptr<T>(args.Dk);
        problem.Dv = Ptr<T>(args.Dv);
        RunTiles(operands.B * operands.H, Together<T>(operands), Operations(operands, 10), (from, to) =>
            SimdDispatch.Run<T, AttentionBackwardKernel<T>>(
                new AttentionBackwardKernel<T>(problem, QueryBlock), from, to));
    }

    private unsafe void DoubleBackward<T>(in AttentionDoubleBackwardArgs args)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var operands = args.Operands;
        if (IsEmpty(operands)) return;
        var problem = Problem<T>(operands, args.Output, args.Lse);
        problem.G = Ptr<T>(args.G);
        problem.Ddq = PtrOrNull<T>(args.Ddq);
        problem.Ddk = PtrOrNull<T>(args.Ddk);
        problem.Ddv = PtrOrNull<T>(args.Ddv);
        problem.Dg = Ptr<T>(args.Dg);
        problem.Dq = Ptr<T>(args.Dq);
        problem.Dk = Ptr<T>(args.Dk);
        problem.Dv = Ptr<T>(args.Dv);
        RunTiles(operands.B * operands.H, Together<T>(operands), Operations(operands, 24), (from, to) =>
            SimdDispatch.Run<T, AttentionDoubleBackwardKernel<T>>(
                new AttentionDoubleBackwardKernel<T>(problem, QueryBlock), from, to));
    }

    private static bool IsEmpty(in AttentionOperands a) => a.B == 0 || a.H == 0 || a.D == 0;

    // What a pass takes, for the choice of the tiles: so many operations a score and element, softmax as eight more
    // elements.
    private static double Operations(in AttentionOperands a, double each) => each * a.B * a.H * a.Lq * a.Lk * (a.D + 8);

    private static unsafe AttentionProblem<T> Problem<T>(in AttentionOperands operands, Tensor output, Tensor lse)
        where T : unmanaged => new()
        {
            Operands = operands,
            Q = Ptr<T>(operands.Q),
            K = Ptr<T>(operands.K),
            V = Ptr<T>(operands.V),
            Mask = PtrOrNull<T>(operands.Mask),
            Output = Ptr<T>(output),
            Lse = Ptr<T>(lse),
        };

    // Heads that one thread takes together: neighbours whose rows share cache lines would take them from each other at
    // every write.
    private unsafe int Together<T>(in AttentionOperands operands) where T : unmanaged =>
        operands.QLayout.Head == operands.D && operands.D * sizeof(T) % 64 != 0 && operands.B >= 2 * Workers.Threads
            ? operands.H : 1;
}

/// <summary>
/// Attention forward; the range counts query blocks (sample, head, block), blocks of a head next to each other.
/// </summary>
internal readonly struct AttentionForwardKernel<T>(AttentionProblem<T> problem, int blocks) : ISimdKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly AttentionProblem<T> _problem = problem;
    private readonly int _blocks = blocks;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged =>
        AttentionKernel<T, V, S>.Forward(_problem, from, to, _blocks);
}

/// <summary>Attention backward in blocks of so many query rows; the range counts heads (sample, head).</summary>
internal readonly struct AttentionBackwardKernel<T>(AttentionProblem<T> problem, int queryBlock) : ISimdKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly AttentionProblem<T> _problem = problem;
    private readonly int _queryBlock = queryBlock;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        for (var t = from; t < to; t++) AttentionKernel<T, V, S>.Backward(_problem, t, _queryBlock);
    }
}

/// <summary>
/// Gradient of attention's gradient in blocks of so many query rows; the range counts heads (sample, head).
/// </summary>
internal readonly struct AttentionDoubleBackwardKernel<T>(AttentionProblem<T> problem, int queryBlock) : ISimdKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly AttentionProblem<T> _problem = problem;
    private readonly int _queryBlock = queryBlock;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        for (var t = from; t < to; t++) AttentionKernel<T, V, S>.DoubleBackward(_problem, t, _queryBlock);
    }
}
