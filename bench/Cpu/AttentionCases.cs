using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Bench.Harness;
using AmcEngine.Tensors;

namespace AmcEngine.Bench.Cpu;

/// <summary>Sizes of an attention: samples, heads, query rows, key rows, width of a head.</summary>
public sealed record AttentionCase
{
    internal AttentionCase(string what, int b, int h, int lq, int lk, int d) =>
        (What, B, H, Lq, Lk, D) = (what, b, h, lq, lk, d);

    internal string What { get; }

    internal int B { get; }

    internal int H { get; }

    internal int Lq { get; }

    internal int Lk { get; }

    internal int D { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{B}×{H}×{(Lq == Lk ? $"{Lq}" : $"({Lq}·{Lk})")}×{D}";
}

/// <summary>The attentions of a training step.</summary>
internal static class AttentionCases
{
    public static readonly AttentionCase[] All =
    [
        new("ViT-B", 2, 12, 257, 257, 64), new("text to image", 2, 12, 12, 257, 64), new(
            "text to image", 2, 12, 8, 257, 64),
        new("small ViT", 32, 4, 65, 65, 24),
    ];

    /// <summary>Self-attention of ViT-B's heads over so many tokens.</summary>
    public static AttentionCase OfKeys(int keys) => new("ViT-B", 2, 12, keys, keys, 64);

    /// <summary>The orders of differentiation, as <see cref="Prepare"/> has them.</summary>
    public static readonly string[] Passes = ["forward", "backward", "double backward"];

    /// <summary>Work of a pass; softmax is not counted.</summary>
    public static KernelWork Work(AttentionCase c, int pass) => CallCost.Of(Passes[pass], b => Prepare(c, b)[pass]);

    /// <summary>
    /// The three passes of a case on warm tensors, heads side by side in a row as a linear layer leaves them.
    /// </summary>
    public static Action[] Prepare(AttentionCase c, IBackend device)
    {
        Tensor Queries() => Operands.Draw(device, [c.B, c.Lq, c.H * c.D]);
        Tensor Keys() => Operands.Draw(device, [c.B, c.Lk, c.H * c.D]);
        var args = new AttentionOperands
        {
            Q = Queries(),
            K = Keys(),
            V = Keys(),
            B = c.B,
            H = c.H,
            Lq = c.Lq,
            Lk = c.Lk,
            D = c.D,
            QLayout = HeadLayout.HeadsInRow(c.H, c.Lq, c.D),
            KLayout = HeadLayout.HeadsInRow(c.H, c.Lk, c.D),
            Scale = 1 / Math.Sqrt(c.D),
        };
        var (y, lse) = (Queries(), Operands.Draw(device, [c.B, c.H, c.Lq]));
        device.Run(new AttentionArgs(args, y, lse));
        var (g, ddq, ddk, ddv) = (Queries(), Queries(), Keys(), Keys());
        var (dg, dq, dk, dv) = (Queries(), Queries(), Keys(), Keys());
        return
        [
            () => device.Run(new AttentionArgs(args, y, lse)),
            () => device.Run(new AttentionBackwardArgs(args, y, lse, g, dq, dk, dv)),
            () => device.Run(new AttentionDoubleBackwardArgs(args, y, lse, g, ddq, ddk, ddv, dg, dq, dk, dv)),
        ];
    }
}
