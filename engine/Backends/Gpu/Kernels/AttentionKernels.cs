using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>Fused attention and its gradients of first and second order: which variant, and its launches.</summary>
internal sealed class AttentionKernels(GpuContext context, MovementKernels movement)
    : GpuKernels(context), IAttentionKernels
{
    // Lanes of a group whose lanes work alone: few, so that there is work for every core.
    private const int LonelyLanes = 4;

    /// <inheritdoc/>
    public void Run(in AttentionArgs args)
    {
        if (args.Output.Count == 0) return;
        Launch(Pass.Forward, args.Operands, new PassTensors { Output = args.Output, Lse = args.Lse });
    }

    /// <inheritdoc/>
    public void Run(in AttentionBackwardArgs args)
    {
        if (args.Output.Count == 0)
        {
            Clear(args.Dk, args.Dv);
            return;
        }
        using var delta = LikeLse(args.Lse);
        Launch(Pass.Backward, args.Operands, new PassTensors
        {
            Output = args.Output,
            Lse = args.Lse,
            G = args.G,
            Dq = args.Dq,
            Dk = args.Dk,
            Dv = args.Dv,
            Delta = delta,
        });
    }

    /// <inheritdoc/>
    public void Run(in AttentionDoubleBackwardArgs args)
    {
        if (args.Output.Count == 0 || (args.Ddq is null && args.Ddk is null && args.Ddv is null))
        {
            Clear(args.Dg, args.Dq, args.Dk, args.Dv);
            return;
        }
        using var delta = LikeLse(args.Lse);
        using var mean = LikeLse(args.Lse);
        using var center = LikeLse(args.Lse);
        Launch(Pass.DoubleBackward, args.Operands, new PassTensors
        {
            Output = args.Output,
            Lse = args.Lse,
            G = args.G,
            X = args.Ddq,
            Y = args.Ddk,
            Z = args.Ddv,
            Dg = args.Dg,
            Dq = args.Dq,
            Dk = args.Dk,
            Dv = args.Dv,
            Delta = delta,
            Mean = mean,
            Center = center,
        });
    }

    private Tensor LikeLse(Tensor lse) => Tensor.Empty(lse.Shape, lse.DType, Backend);

    private enum Pass
    {
        Forward,
        Backward,
        DoubleBackward,
    }

    // The tensors of a pass beside its operands.
    private struct PassTensors
    {
        public Tensor Output;
        public Tensor Lse;
        public Tensor? G;
        public Tensor? X;
        public Tensor? Y;
        public Tensor? Z;
        public Tensor? Dg;
        public Tensor? Dq;
        public Tensor? Dk;
        public Tensor? Dv;
        public Tensor? Delta;
        public Tensor? Mean;
        public Tensor? Center;
    }

    private void Clear(params ReadOnlySpan<Tensor> tensors)
    {
        foreach (var t in tensors) movement.Run(new FillArgs(t, 0));
    }

    private void Launch(Pass pass, in AttentionOperands operands, in PassTensors tensors)
    {
        var shared = Forced.SharedAttentionTiles ?? Device.Target == KernelTarget.Gpu;
        var fours = InFours(operands, tensors);
        if (operands.Q.DType == DType.F64)
        {
            if (shared) Launch<double, F64, GroupTiling<Edge8>>(pass, Call<double>(operands, tensors), fours);
            else Launch<double, F64, LaneTiling>(pass, Call<double>(operands, tensors), fours);
        }
        else
        {
            if (shared) Launch<float, F32, GroupTiling<Edge16>>(pass, Call<float>(operands, tensors), fours);
            else Launch<float, F32, LaneTiling>(pass, Call<float>(operands, tensors), fours);
        }
    }

    private void Launch<T, R, TTiling>(Pass pass, in AttentionCall<T> call, bool fours)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TTiling : struct, ITiling
    {
        if (fours) Launch<T, R, TTiling, Yes>(pass, call);
        else Launch<T, R, TTiling, No>(pass, call);
    }

    private void Launch<T, R, TTiling, TVector>(Pass pass, in AttentionCall<T> call)
        where T : unmanaged, IFloatingPointIeee754<T>
        where R : struct, IReal<T> where TTiling : struct, ITiling where TVector : struct, IFlag
    {
        switch (pass)
        {
            case Pass.Forward:
                LaunchBlocks<T, TTiling, AttentionForwardKernel<T, R, TTiling, TVector>>(call, call.Lq);
                break;
            case Pass.Backward:
                LaunchBlocks<T, TTiling, AttentionQueryGradientKernel<T, R, TTiling, TVector>>(call, call.Lq);
                LaunchBlocks<T, TTiling, AttentionKeyGradientKernel<T, R, TTiling, TVector>>(call, call.Lk);
                break;
            default:
                LaunchBlocks<T, TTiling, AttentionDoubleBackwardOutputKernel<T, R, TTiling, TVector>>(call, call.Lq);
                LaunchBlocks<T, TTiling, AttentionDoubleBackwardQueryKernel<T, R, TTiling, TVector>>(call, call.Lq);
                LaunchBlocks<T, TTiling, AttentionDoubleBackwardKeyKernel<T, R, TTiling, TVector>>(call, call.Lk);
                break;
        }
    }

    // A kernel whose groups, or lanes, have a block of rows of a head each.
    private void LaunchBlocks<T, TTiling, TKernel>(AttentionCall<T> call, int rows)
        where T : unmanaged where TTiling : struct, ITiling where TKernel : struct, IDeviceKernel<AttentionCall<T>>
    {
        var blocksOfHead = (rows + TTiling.Extent - 1) / TTiling.Extent;
        call.Blocks = Divisor.Of(blocksOfHead);
        var blocks = call.Heads * blocksOfHead;
        if (TTiling.Alone)
            Device.Launch<TKernel, AttentionCall<T>>((blocks + LonelyLanes - 1) / LonelyLanes, LonelyLanes, call);
        else Device.Launch<TKernel, AttentionCall<T>>(blocks, TTiling.Extent * TTiling.Extent / 16, call);
    }

    // Whether four elements of a row can be moved at once: every row starts at a multiple of four.
    private static bool InFours(in AttentionOperands operands, in PassTensors tensors)
    {
        HeadLayout q = operands.QLayout, k = operands.KLayout;
        if ((operands.D | q.Row | k.Row) % 4 != 0 || (q.Batch | q.Head | k.Batch | k.Head) % 4 != 0) return false;
        ReadOnlySpan<Tensor?> all = [operands.Q, operands.K, operands.V, tensors.Output, tensors.G, tensors.X,
            tensors.Y, tensors.Z, tensors.Dg, tensors.Dq, tensors.Dk, tensors.Dv];
        foreach (var t in all)
            if (t is not null && t.Offset % 4 != 0) return false;
        return true;
    }

    private static AttentionCall<T> Call<T>(in AttentionOperands operands, in PassTensors tensors)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        // Absent tensors are never read; the queries stand for them.
        var q = operands.Q;
        return new AttentionCall<T>
        {
            Q = View<T>(q),
            K = View<T>(operands.K),
            V = View<T>(operands.V),
            Mask = View<T>(operands.Mask ?? q),
            Output = View<T>(tensors.Output),
            Lse = View<T>(tensors.Lse),
            G = View<T>(tensors.G ?? q),
            X = View<T>(tensors.X ?? q),
            Y = View<T>(tensors.Y ?? q),
            Z = View<T>(tensors.Z ?? q),
            Dg = View<T>(tensors.Dg ?? q),
            Dq = View<T>(tensors.Dq ?? q),
            Dk = View<T>(tensors.Dk ?? q),
            Dv = View<T>(tensors.Dv ?? q),
            Delta = View<T>(tensors.Delta ?? q),
            Mean = View<T>(tensors.Mean ?? q),
            Center = View<T>(tensors.Center ?? q),
            Scale = T.CreateChecked(operands.Scale),
            KeepFactor = operands.DropoutP >= 1 ? T.Zero : T.CreateChecked(1 / (1 - operands.DropoutP)),
            FirstWeight = operands.FirstWeight,
            MaskBatch = operands.MaskBatch,
            MaskHead = operands.MaskHead,
            MaskRow = operands.MaskRow,
            Heads = operands.B * operands.H,
            HeadsOfSample = Divisor.Of(operands.H),
            Lq = operands.Lq,
            Lk = operands.Lk,
            D = operands.D,
            QBatch = (int)operands.QLayout.Batch,
            QHead = (int)operands.QLayout.Head,
            QRow = operands.QLayout.Row,
            KBatch = (int)operands.KLayout.Batch,
            KHead = (int)operands.KLayout.Head,
            KRow = operands.KLayout.Row,
            HasMask = operands.Mask is null ? 0 : 1,
            HasDropout = operands.DropoutP > 0 ? 1 : 0,
            HasX = tensors.X is null ? 0 : 1,
            HasY = tensors.Y is null ? 0 : 1,
            HasZ = tensors.Z is null ? 0 : 1,
            SeedLow = (uint)operands.Key.Seed,
            SeedHigh = (uint)(operands.Key.Seed >> 32),
            Op = operands.Key.Op,
            Step = operands.Key.Step,
            Threshold = (uint)Math.Min(uint.MaxValue, Philox.KeepThreshold(operands.DropoutP)),
        };
    }
}
