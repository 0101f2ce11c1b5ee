using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Bench.Harness;
using AmcEngine.Tensors;

namespace AmcEngine.Bench.Gpu;

/// <summary>One kernel at one size.</summary>
/// <param name="Name">Name in the report and in the predictions; the size is part of it.</param>
/// <param name="Prepare">Draws the operands and returns the work.</param>
internal sealed record KernelCase(string Name, Func<IBackend, Action> Prepare)
{
    /// <summary>What the kernel says that it costs.</summary>
    public KernelWork Work => CallCost.Of(Name, Prepare);
}

/// <summary>The kernels that decide a training step's time, at the sizes of ALBEF-base; f32.</summary>
internal static class KernelCases
{
    private const int Heads = 12, HeadWidth = 64, Width = Heads * HeadWidth, Tokens = 257, Vocabulary = 30522;

    // M, N, K: ViT-B at batch 2 and 8, short texts, squares; then ALBEF-base at batch 64.
    private static readonly (int M, int N, int K)[] Products =
    [
        (512, 768, 768), (512, 3072, 768), (514, 768, 3072), (2056, 768, 768), (50, 768, 768),
        (1024, 1024, 1024), (2048, 2048, 2048), (4096, 4096, 4096), (16448, 768, 768), (16448, 3072, 768),
        (16448, 768, 3072),
    ];

    /// <summary>All cases; quick ones fit an OpenCL driver on a processor.</summary>
    public static IEnumerable<KernelCase> All(bool quick)
    {
        const double mostFlop = 2.2e9;
        var cases = Products.Select(p => Product(p.M, p.N, p.K, false, false))
            .Concat([Product(1024, 1024, 1024, false, true), Product(1024, 1024, 1024, true, false), Scores()])
            .Where(c => !quick || c.Work.Flop < mostFlop);
        var (batch, rows, texts, weights) =
            quick ? (1, 514, 100, 1 << 20) : (64, 64 * Tokens, 1600, Vocabulary * Width);
        return [.. cases, .. Attention(batch), .. Normalization(rows), .. CrossEntropy(texts), Gelu(rows),
            AdamW(weights)];
    }

    private static KernelCase Product(int m, int n, int k, bool transA, bool transB)
    {
        var suffix = transA || transB ? $" {(transA ? 'T' : 'N')}{(transB ? 'T' : 'N')}" : "";
        return new($"matmul {m}x{n}x{k}{suffix}", device =>
        {
            var (a, b, c) = (Operands.Draw(device, transA ? [k, m] : [m, k]),
                Operands.Draw(device, transB ? [n, k] : [k, n]), Operands.Draw(device, [m, n]));
            return () => device.Run(new MatMulArgs
            {
                A = a,
                B = b,
                C = c,
                M = m,
                N = n,
                K = k,
                TransA = transA,
                TransB = transB,
                Lda = transA ? m : k,
                Ldb = transB ? k : n,
                Ldc = n,
            });
        });
    }

    // The scores of 24 heads: a batched product with the heads side by side in a row.
    private static KernelCase Scores()
    {
        const int samples = 2;
        const long map = Tokens * Tokens;
        return new($"matmul {samples * Heads}x({Tokens}x{Tokens}x{HeadWidth}) NT", device =>
        {
            var (q, k, s) = (Operands.Draw(device, [samples, Tokens, Width]), Operands.Draw(
                device, [samples, Tokens, Width]), Operands.Draw(device, [samples, Heads, Tokens, Tokens]));
            return () => device.Run(new MatMulArgs
            {
                A = q,
                B = k,
                C = s,
                M = Tokens,
                N = Tokens,
                K = HeadWidth,
                TransB = true,
                Lda = Width,
                Ldb = Width,
                Ldc = Tokens,
                Batch0 = samples,
                Batch1 = Heads,
                A0 = Tokens * Width,
                A1 = HeadWidth,
                B0 = Tokens * Width,
                B1 = HeadWidth,
                C0 = Heads * map,
                C1 = map,
            });
        });
    }

    private static IEnumerable<KernelCase> Attention(int batch)
    {
        var size = $"{batch}x{Heads}x{Tokens}x{HeadWidth}";
        yield return new($"attention {size}", device =>
        {
            var (args, y, lse) = Attended(device, batch);
            return () => device.Run(new AttentionArgs(args, y, lse));
        });
        yield return new($"attention backward {size}", device =>
        {
            var (args, y, lse) = Attended(device, batch);
            device.Run(new AttentionArgs(args, y, lse));
            var (g, dq, dk, dv) =
                (Operands.Like(args.Q), Operands.Like(args.Q), Operands.Like(args.Q), Operands.Like(args.Q));
            return () => device.Run(new AttentionBackwardArgs(args, y, lse, g, dq, dk, dv));
        });
        yield return new($"attention double backward {size}", device =>
        {
            var (args, y, lse) = Attended(device, batch);
            device.Run(new AttentionArgs(args, y, lse));
            var (g, ddq, ddk, ddv) =
                (Operands.Like(args.Q), Operands.Like(args.Q), Operands.Like(args.Q), Operands.Like(args.Q));
            var (dg, dq, dk, dv) =
                (Operands.Like(args.Q), Operands.Like(args.Q), Operands.Like(args.Q), Operands.Like(args.Q));
            return () => device.Run(new AttentionDoubleBackwardArgs(args, y, lse, g, ddq, ddk, ddv, dg, dq, dk, dv));
        });
    }

    private static (AttentionOperands Args, Tensor Output, Tensor Lse) Attended(IBackend device, int batch)
    {
        int[] dims = [batch, Tokens, Width];
        var args = new AttentionOperands
        {
            Q = Operands.Draw(device, dims),
            K = Operands.Draw(device, dims),
            V = Operands.Draw(device, dims),
            B = batch,
            H = Heads,
            Lq = Tokens,
            Lk = Tokens,
            D = HeadWidth,
            QLayout = HeadLayout.HeadsInRow(Heads, Tokens, HeadWidth),
            KLayout = HeadLayout.HeadsInRow(Heads, Tokens, HeadWidth),
            Scale = 1 / Math.Sqrt(HeadWidth),
        };
        return (args, Operands.Draw(device, dims), Operands.Draw(device, [batch, Heads, Tokens]));
    }

    private static IEnumerable<KernelCase> Normalization(int rows)
    {
        var size = $"{rows}x{Width}";
        yield return new($"layer norm {size}", device =>
        {
            var (x, gamma, mean) = Rows(device, rows);
            var (beta, rstd, y) = (Operands.Like(gamma), Operands.Like(mean), Operands.Like(x));
            return () => device.Run(new LayerNormArgs(x, gamma, beta, 1e-6, y, mean, rstd));
        });
        yield return new($"layer norm backward {size}", device =>
        {
            var (x, gamma, mean) = Rows(device, rows);
            var (beta, rstd, g, dx, dgamma, dbeta) = (Operands.Like(gamma), Operands.Like(mean), Operands.Like(x),
                Operands.Like(x), Operands.Like(gamma), Operands.Like(gamma));
            device.Run(new LayerNormArgs(x, gamma, beta, 1e-6, dx, mean, rstd));
            return () => device.Run(new LayerNormBackwardArgs(x, gamma, mean, rstd, g, dx, dgamma, dbeta));
        });
        yield return new($"layer norm double backward {size}", device =>
        {
            var (x, gamma, mean) = Rows(device, rows);
            var (beta, rstd, g, ddx, dx, dg) = (Operands.Like(gamma), Operands.Like(mean), Operands.Like(x),
                Operands.Like(x), Operands.Like(x), Operands.Like(x));
            var (ddgamma, ddbeta, dgamma) = (Operands.Like(gamma), Operands.Like(gamma), Operands.Like(gamma));
            device.Run(new LayerNormArgs(x, gamma, beta, 1e-6, dx, mean, rstd));
            return () => device.Run(
                new LayerNormDoubleBackwardArgs(x, gamma, mean, rstd, g, ddx, ddgamma, ddbeta, dx, dgamma, dg));
        });
    }

    private static (Tensor X, Tensor Gamma, Tensor Mean) Rows(IBackend device, int rows) =>
        (Operands.Draw(device, [rows, Width]), Operands.Draw(device, [Width]), Operands.Draw(device, [rows]));

    private static IEnumerable<KernelCase> CrossEntropy(int rows)
    {
        var size = $"{rows}x{Vocabulary}";
        yield return new($"cross-entropy {size}", device =>
        {
            var (x, labels, losses, lse) = Logits(device, rows);
            return () => device.Run(new CrossEntropyArgs(x, labels, -100, losses, lse));
        });
        yield return new($"cross-entropy backward {size}", device =>
        {
            var (x, labels, losses, lse) = Logits(device, rows);
            device.Run(new CrossEntropyArgs(x, labels, -100, losses, lse));
            var (g, dx) = (Operands.Like(losses), Operands.Like(x));
            return () => device.Run(new CrossEntropyBackwardArgs(x, lse, labels, -100, g, dx));
        });
    }

    private static (Tensor X, Tensor Labels, Tensor Losses, Tensor Lse) Logits(IBackend device, int rows)
    {
        var labels = Tensor.From(Enumerable.Range(0, rows).Select(i => i * 17 % Vocabulary).ToArray(), [rows], device);
        return (Operands.Draw(device, [rows, Vocabulary]), labels, Operands.Draw(device, [rows]),
            Operands.Draw(device, [rows]));
    }

    private static KernelCase Gelu(int rows) => new($"gelu {rows}x{4 * Width}", device =>
    {
        var x = Operands.Draw(device, [rows, 4 * Width]);
        var y = Operands.Like(x);
        return () => device.Run(new UnaryArgs(UnaryKind.Gelu, x, y));
    });

    private static KernelCase AdamW(int count) => new($"adamw {count}", device =>
    {
        var (p, g, m, v) = (Operands.Draw(device, [count]), Operands.Draw(device, [count]),
            Operands.Draw(device, [count]), Tensor.From(new float[count], [count], device));
        return () =>
            device.Run(new AdamWArgs([new AdamWTensors(p, g, m, v)], new AdamWStep(1e-4, 0.9, 0.999, 1e-8, 0.02, 3)));
    });
}
