using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Gpu.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Gpu;

// Fused attention and its gradients of first and second order; see Kernels/Attention*.cs.
public sealed partial class GpuBackend
{
    // Lanes of a group whose lanes work alone: few, so that there is work for every core.
    private const int LonelyLanes = 4;

    /// <summary>Forces the variant whose lanes share tiles (true) or work alone (false), for tests; null lets the device decide.</summary>
    internal bool? SharedAttentionTiles { get; set; }

    /// <inheritdoc/>
    /// <remarks>A row whose scores are all −∞ gives output 0 and lse −∞.</remarks>
    public void Attention(in AttentionArgs args, Tensor output, Tensor lse)
    {
        if (output.Count == 0) return;
        LaunchAttention(AttentionPass.Forward, args, new AttentionTensors { Output = output, Lse = lse });
    }

    /// <inheritdoc/>
    /// <remarks>A row whose scores are all −∞ has no gradient.</remarks>
    public void AttentionBackward(in AttentionArgs args, Tensor output, Tensor lse, Tensor g, Tensor dq, Tensor dk, Tensor dv)
    {
        if (output.Count == 0)
        {
            Clear(dk, dv);
            return;
        }
        using var delta = Tensor.Empty(lse.Shape, lse.DType, this);
        var tensors = new AttentionTensors
        {
            Output = output,
            Lse = lse,
            G = g,
            Dq = dq,
            Dk = dk,
            Dv = dv,
            Delta = delta,
        };
        LaunchAttention(AttentionPass.Backward, args, tensors);
    }

    /// <inheritdoc/>
    public void AttentionDoubleBackward(in AttentionArgs args, Tensor output, Tensor lse, Tensor g, Tensor? ddq, Tensor? ddk, Tensor? ddv, Tensor dg, Tensor dq, Tensor dk, Tensor dv)
    {
        if (output.Count == 0 || (ddq is null && ddk is null && ddv is null))
        {
            Clear(dg, dq, dk, dv);
            return;
        }
        using var delta = Tensor.Empty(lse.Shape, lse.DType, this);
        using var mean = Tensor.Empty(lse.Shape, lse.DType, this);
        using var center = Tensor.Empty(lse.Shape, lse.DType, this);
        var tensors = new AttentionTensors
        {
            Output = output,
            Lse = lse,
            G = g,
            X = ddq,
            Y = ddk,
            Z = ddv,
            Dg = dg,
            Dq = dq,
            Dk = dk,
            Dv = dv,
            Delta = delta,
            Mean = mean,
            Center = center,
        };
        LaunchAttention(AttentionPass.DoubleBackward, args, tensors);
    }

    private enum AttentionPass
    {
        Forward,
        Backward,
        DoubleBackward,
    }

    // The tensors of a pass beside its operands.
    private struct AttentionTensors
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
        foreach (var t in tensors) Fill(t, 0);
    }

    private void LaunchAttention(AttentionPass pass, in AttentionArgs args, in AttentionTensors tensors)
    {
        var shared = SharedAttentionTiles ?? _host.Target == KernelTarget.Gpu;
        var fours = InFours(args, tensors);
        if (args.Q.DType == DType.F64)
        {
            if (shared) LaunchAttention<double, F64, GroupTiling<Edge8>>(pass, Call<double>(args, tensors), fours);
            else LaunchAttention<double, F64, LaneTiling>(pass, Call<double>(args, tensors), fours);
        }
        else
        {
            if (shared) LaunchAttention<float, F32, GroupTiling<Edge16>>(pass, Call<float>(args, tensors), fours);
            else LaunchAttention<float, F32, LaneTiling>(pass, Call<float>(args, tensors), fours);
        }
    }

    private void LaunchAttention<T, R, TTiling>(AttentionPass pass, in AttentionCall<T> call, bool fours)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TTiling : struct, ITiling
    {
        if (fours) LaunchAttention<T, R, TTiling, Yes>(pass, call);
        else LaunchAttention<T, R, TTiling, No>(pass, call);
    }

    private void LaunchAttention<T, R, TTiling, TVector>(AttentionPass pass, in AttentionCall<T> call)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TTiling : struct, ITiling where TVector : struct, IFlag
    {
        switch (pass)
        {
            case AttentionPass.Forward:
                LaunchBlocks<T, TTiling, AttentionForwardKernel<T, R, TTiling, TVector>>(call, call.Lq);
                break;
            case AttentionPass.Backward:
                LaunchBlocks<T, TTiling, AttentionQueryGradientKernel<T, R, TTiling, TVector>>(call, call.Lq);
                LaunchBlocks<T, TTiling, AttentionKeyGradientKernel<T, R, TTiling, TVector>>(call, call.Lk);
                break;
            default:
                LaunchBlocks<T, TTiling, AttentionSecondOutputKernel<T, R, TTiling, TVector>>(call, call.Lq);
                LaunchBlocks<T, TTiling, AttentionSecondQueryKernel<T, R, TTiling, TVector>>(call, call.Lq);
                LaunchBlocks<T, TTiling, AttentionSecondKeyKernel<T, R, TTiling, TVector>>(call, call.Lk);
                break;
        }
    }

    // A kernel whose groups, or lanes, have a block of rows of a head each.
    private void LaunchBlocks<T, TTiling, TKernel>(AttentionCall<T> call, int rows)
        where T : unmanaged where TTiling : struct, ITiling where TKernel : struct, IKernel<AttentionCall<T>>
    {
        var blocksOfHead = (rows + TTiling.Extent - 1) / TTiling.Extent;
        call.Blocks = Divisor.Of(blocksOfHead);
        var blocks = call.Heads * blocksOfHead;
        if (TTiling.Alone) _host.Launch<TKernel, AttentionCall<T>>((blocks + LonelyLanes - 1) / LonelyLanes, LonelyLanes, call);
        else _host.Launch<TKernel, AttentionCall<T>>(blocks, TTiling.Extent * TTiling.Extent / 16, call);
    }

    // Whether four elements of a row can be moved at once: every row starts at a multiple of four.
    private static bool InFours(in AttentionArgs args, in AttentionTensors tensors)
    {
        HeadLayout q = args.QLayout, k = args.KLayout;
        if ((args.D | q.Row | k.Row) % 4 != 0 || (q.Batch | q.Head | k.Batch | k.Head) % 4 != 0) return false;
        ReadOnlySpan<Tensor?> all = [args.Q, args.K, args.V, tensors.Output, tensors.G, tensors.X, tensors.Y, tensors.Z, tensors.Dg, tensors.Dq, tensors.Dk, tensors.Dv];
        foreach (var t in all)
            if (t is not null && t.Offset % 4 != 0) return false;
        return true;
    }

    private static AttentionCall<T> Call<T>(in AttentionArgs args, in AttentionTensors tensors) where T : unmanaged, IFloatingPointIeee754<T>
    {
        // Absent tensors are never read; the queries stand for them.
        var q = args.Q;
        return new AttentionCall<T>
        {
            Q = View<T>(q),
            K = View<T>(args.K),
            V = View<T>(args.V),
            Mask = View<T>(args.Mask ?? q),
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
            Scale = T.CreateChecked(args.Scale),
            KeepFactor = args.DropoutP >= 1 ? T.Zero : T.CreateChecked(1 / (1 - args.DropoutP)),
            MaskBatch = args.MaskBatch,
            MaskHead = args.MaskHead,
            MaskRow = args.MaskRow,
            Heads = args.B * args.H,
            HeadsOfSample = Divisor.Of(args.H),
            Lq = args.Lq,
            Lk = args.Lk,
            D = args.D,
            QBatch = (int)args.QLayout.Batch,
            QHead = (int)args.QLayout.Head,
            QRow = args.QLayout.Row,
            KBatch = (int)args.KLayout.Batch,
            KHead = (int)args.KLayout.Head,
            KRow = args.KLayout.Row,
            HasMask = args.Mask is null ? 0 : 1,
            HasDropout = args.DropoutP > 0 ? 1 : 0,
            HasX = tensors.X is null ? 0 : 1,
            HasY = tensors.Y is null ? 0 : 1,
            HasZ = tensors.Z is null ? 0 : 1,
            SeedLow = (uint)args.Key.Seed,
            SeedHigh = (uint)(args.Key.Seed >> 32),
            Op = args.Key.Op,
            Step = args.Key.Step,
            Threshold = (uint)Math.Min(uint.MaxValue, Cpu.Philox.KeepThreshold(args.DropoutP)),
        };
    }
}
