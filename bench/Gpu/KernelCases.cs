using AmcEngine.Backends;
using AmcEngine.Tensors;

namespace AmcEngine.Bench.Gpu;

/// <summary>One kernel at one size.</summary>
/// <param name="Name">Name in the report and in the predictions; the size is part of it.</param>
/// <param name="Flops">Floating-point operations.</param>
/// <param name="Bytes">Bytes that must move: operands once, results once.</param>
/// <param name="Prepare">Draws the operands and returns the work.</param>
internal sealed record KernelCase(string Name, double Flops, double Bytes, Func<IBackend, Action> Prepare);

/// <summary>The kernels that decide a training step's time, at the sizes of ALBEF-base; f32.</summary>
internal static class KernelCases
{
    private const int Heads = 12, HeadWidth = 64, Width = Heads * HeadWidth, Tokens = 257, Vocabulary = 30522;

    // M, N, K: ViT-B at batch 2 and 8, short texts, squares; then ALBEF-base at batch 64.
    private static readonly (int M, int N, int K)[] Products =
    [
        (512, 768, 768), (512, 3072, 768), (514, 768, 3072), (2056, 768, 768), (50, 768, 768),
        (1024, 1024, 1024), (2048, 2048, 2048), (4096, 4096, 4096), (16448, 768, 768), (16448, 3072, 768), (16448, 768, 3072),
    ];

    /// <summary>All cases; quick ones fit an OpenCL driver on a processor.</summary>
    public static IEnumerable<KernelCase> All(bool quick)
    {
        const double mostFlops = 2.2e9;
        var cases = Products.Select(p => Product(p.M, p.N, p.K, false, false))
            .Concat([Product(1024, 1024, 1024, false, true), Product(1024, 1024, 1024, true, false), Scores()])
            .Where(c => !quick || c.Flops < mostFlops);
        var (batch, rows, texts, weights) = quick ? (1, 514, 100, 1 << 20) : (64, 64 * Tokens, 1600, Vocabulary * Width);
        return [.. cases, .. Attention(batch), .. Normalization(rows), .. CrossEntropy(texts), Gelu(rows), AdamW(weights)];
    }

    private static KernelCase Product(int m, int n, int k, bool transA, bool transB)
    {
        var suffix = transA || transB ? $" {(transA ? 'T' : 'N')}{(transB ? 'T' : 'N')}" : "";
        return new($"matmul {m}x{n}x{k}{suffix}", 2.0 * m * n * k, 4.0 * ((double)m * k + (double)k * n + (double)m * n), device =>
        {
            var (a, b, c) = (Draw(device, transA ? [k, m] : [m, k]), Draw(device, transB ? [n, k] : [k, n]), Draw(device, [m, n]));
            return () => device.MatMul(new MatMulArgs
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
        return new($"matmul {samples * Heads}x({Tokens}x{Tokens}x{HeadWidth}) NT", 2.0 * samples * Heads * map * HeadWidth, 4.0 * samples * Heads * (2.0 * Tokens * HeadWidth + map), device =>
        {
            var (q, k, s) = (Draw(device, [samples, Tokens, Width]), Draw(device, [samples, Tokens, Width]), Draw(device, [samples, Heads, Tokens, Tokens]));
            return () => device.MatMul(new MatMulArgs
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

    // Products of one head's map with a matrix: 2 in the forward pass, 5 backward, 12 in the double backward.
    private static IEnumerable<KernelCase> Attention(int batch)
    {
        var product = 2.0 * batch * Heads * Tokens * Tokens * HeadWidth;
        var operand = 4.0 * batch * Tokens * Width;
        var size = $"{batch}x{Heads}x{Tokens}x{HeadWidth}";
        yield return new($"attention {size}", 2 * product, 4 * operand, device =>
        {
            var (args, y, lse) = Operands(device, batch);
            return () => device.Attention(args, y, lse);
        });
        yield return new($"attention backward {size}", 5 * product, 8 * operand, device =>
        {
            var (args, y, lse) = Operands(device, batch);
            device.Attention(args, y, lse);
            var (g, dq, dk, dv) = (Like(args.Q), Like(args.Q), Like(args.Q), Like(args.Q));
            return () => device.AttentionBackward(args, y, lse, g, dq, dk, dv);
        });
        yield return new($"attention double backward {size}", 12 * product, 12 * operand, device =>
        {
            var (args, y, lse) = Operands(device, batch);
            device.Attention(args, y, lse);
            var (g, ddq, ddk, ddv) = (Like(args.Q), Like(args.Q), Like(args.Q), Like(args.Q));
            var (dg, dq, dk, dv) = (Like(args.Q), Like(args.Q), Like(args.Q), Like(args.Q));
            return () => device.AttentionDoubleBackward(args, y, lse, g, ddq, ddk, ddv, dg, dq, dk, dv);
        });
    }

    private static (AttentionArgs Args, Tensor Output, Tensor Lse) Operands(IBackend device, int batch)
    {
        int[] dims = [batch, Tokens, Width];
        var args = new AttentionArgs
        {
            Q = Draw(device, dims),
            K = Draw(device, dims),
            V = Draw(device, dims),
            B = batch,
            H = Heads,
            Lq = Tokens,
            Lk = Tokens,
            D = HeadWidth,
            QLayout = HeadLayout.HeadsInRow(Heads, Tokens, HeadWidth),
            KLayout = HeadLayout.HeadsInRow(Heads, Tokens, HeadWidth),
            Scale = 1 / Math.Sqrt(HeadWidth),
        };
        return (args, Draw(device, dims), Draw(device, [batch, Heads, Tokens]));
    }

    private static IEnumerable<KernelCase> Normalization(int rows)
    {
        var (size, values) = ($"{rows}x{Width}", (double)rows * Width);
        yield return new($"layer norm {size}", 8 * values, 8 * values, device =>
        {
            var (x, gamma, mean) = Rows(device, rows);
            var (beta, rstd, y) = (Like(gamma), Like(mean), Like(x));
            return () => device.LayerNorm(x, gamma, beta, 1e-6, y, mean, rstd);
        });
        yield return new($"layer norm backward {size}", 14 * values, 12 * values, device =>
        {
            var (x, gamma, mean) = Rows(device, rows);
            var (beta, rstd, g, dx, dgamma, dbeta) = (Like(gamma), Like(mean), Like(x), Like(x), Like(gamma), Like(gamma));
            device.LayerNorm(x, gamma, beta, 1e-6, dx, mean, rstd);
            return () => device.LayerNormBackward(x, gamma, mean, rstd, g, dx, dgamma, dbeta);
        });
        yield return new($"layer norm double backward {size}", 30 * values, 20 * values, device =>
        {
            var (x, gamma, mean) = Rows(device, rows);
            var (beta, rstd, g, ddx, dx, dg) = (Like(gamma), Like(mean), Like(x), Like(x), Like(x), Like(x));
            var (ddgamma, ddbeta, dgamma) = (Like(gamma), Like(gamma), Like(gamma));
            device.LayerNorm(x, gamma, beta, 1e-6, dx, mean, rstd);
            return () => device.LayerNormDoubleBackward(x, gamma, mean, rstd, g, ddx, ddgamma, ddbeta, dx, dgamma, dg);
        });
    }

    private static (Tensor X, Tensor Gamma, Tensor Mean) Rows(IBackend device, int rows) =>
        (Draw(device, [rows, Width]), Draw(device, [Width]), Draw(device, [rows]));

    private static IEnumerable<KernelCase> CrossEntropy(int rows)
    {
        var (size, values) = ($"{rows}x{Vocabulary}", (double)rows * Vocabulary);
        yield return new($"cross-entropy {size}", 4 * values, 4 * values, device =>
        {
            var (x, labels, losses, lse) = Logits(device, rows);
            return () => device.CrossEntropy(x, labels, -100, losses, lse);
        });
        yield return new($"cross-entropy backward {size}", 4 * values, 8 * values, device =>
        {
            var (x, labels, losses, lse) = Logits(device, rows);
            device.CrossEntropy(x, labels, -100, losses, lse);
            var (g, dx) = (Like(losses), Like(x));
            return () => device.CrossEntropyBackward(x, lse, labels, -100, g, dx);
        });
    }

    private static (Tensor X, Tensor Labels, Tensor Losses, Tensor Lse) Logits(IBackend device, int rows)
    {
        var labels = Tensor.From(Enumerable.Range(0, rows).Select(i => i * 17 % Vocabulary).ToArray(), [rows], device);
        return (Draw(device, [rows, Vocabulary]), labels, Draw(device, [rows]), Draw(device, [rows]));
    }

    private static KernelCase Gelu(int rows)
    {
        var values = (double)rows * 4 * Width;
        return new($"gelu {rows}x{4 * Width}", 20 * values, 8 * values, device =>
        {
            var x = Draw(device, [rows, 4 * Width]);
            var y = Like(x);
            return () => device.Unary(UnaryKind.Gelu, x, y);
        });
    }

    private static KernelCase AdamW(int count) => new($"adamw {count}", 15.0 * count, 28.0 * count, device =>
    {
        var (p, g, m, v) = (Draw(device, [count]), Draw(device, [count]), Draw(device, [count]), Tensor.From(new float[count], [count], device));
        return () => device.AdamW([new AdamWTensors(p, g, m, v)], new AdamWArgs(1e-4, 0.9, 0.999, 1e-8, 0.02, 3));
    });

    private static Tensor Like(Tensor x) => Draw(x.Backend, x.Shape.Dims.ToArray());

    // Uniform in [−0.5, 0.5) from the host: no kernel of the device is needed to feed another one.
    private static Tensor Draw(IBackend device, int[] dims)
    {
        var shape = new Shape(dims);
        var values = new float[shape.Count];
        uint state = 12345;
        for (var i = 0; i < values.Length; i++)
        {
            state = state * 1664525 + 1013904223;
            values[i] = (state >> 8) * (1f / (1 << 24)) - 0.5f;
        }
        return Tensor.From(values, shape, device);
    }
}
