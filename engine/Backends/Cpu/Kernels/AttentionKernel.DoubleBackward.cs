using System.Numerics;
using AmcEngine.Backends.Cpu.Gemm;

namespace AmcEngine.Backends.Cpu.Kernels;

// Gradient of the gradient of attention for one head, in blocks of query rows.
// With M the dropout factors, P the softmax, dP = M∘(G·Vᵀ), δᵢ = Gᵢ·Oᵢ, and the cotangents X, Y, Z of dq, dk, dv:
//   T = scale·(X·Kᵀ + Q·Yᵀ), tᵢ = Σⱼ P·T;  U = M∘(G·Zᵀ);  αᵢ = Σⱼ P∘((dP − δ)∘T + U);
//   W = M∘P∘(T − t);  dS = P∘(dP − δ);  R = P∘((dP − δ)∘(T − t) + U − α);
//   dg = W·V + (M∘P)·Z;  dv = Wᵀ·G;  dq = scale·(dS·Y + R·K);  dk = scale·(dSᵀ·X + Rᵀ·Q).
// Layout: four score-sized tiles of a block in thread scratch, each overwritten by what the products need of it:
//   scores → M∘P, dP → dS, T → W, U → R. Nothing of size Lq × Lk is stored.
// Accumulated: dk and dv over the blocks in ascending order, one thread a head.
// Twelve products with a map, and an exp for each score. Traffic: the operands once a block.
internal static unsafe partial class AttentionKernel<T, V, S>
{
    // The four tiles, and rows of a block.
    private ref struct SecondOrderBlock
    {
        public T* P;
        public T* Ds;
        public T* W;
        public T* R;
        public int Pitch;
        public int First;
        public int Rows;
    }

    /// <summary>Gradients with respect to g, q, k and v of a head, in blocks of query rows.</summary>
    public static void DoubleBackward(in AttentionProblem<T> a, int head, int queryBlock)
    {
        ref readonly var args = ref a.Operands;
        var pitch = AttentionRows<T, V, S>.Pitch(args.Lk);
        var blocks = EvenBlocks.AtMost(args.Lq, queryBlock);
        var tile = (nint)blocks.Largest * pitch;
        var maps = GemmScratch.Get<T>(MapSlot, 4L * tile);
        var room = KeyRoom(args, args.Lk, 4);
        var k = Keys(a, a.K, head, 0, args.Lk, true, true, blocks.Largest, ref room);
        var v = Keys(a, a.V, head, 0, args.Lk, true, true, blocks.Largest, ref room);
        var ddk = Keys(a, a.Ddk, head, 0, args.Lk, true, true, blocks.Largest, ref room);
        var ddv = Keys(a, a.Ddv, head, 0, args.Lk, true, true, blocks.Largest, ref room);
        for (var block = 0; block < blocks.Count; block++)
        {
            var x = new SecondOrderBlock
            {
                P = maps,
                Ds = maps + tile,
                W = maps + 2 * tile,
                R = maps + 3 * tile,
                Pitch = pitch,
                First = blocks.Start(block),
                Rows = blocks.Size(block),
            };
            DoubleBackwardBlock(a, head, x, k, v, ddk, ddv);
        }
    }

    private static void DoubleBackwardBlock(in AttentionProblem<T> a, int head, SecondOrderBlock x, in HeadMatrix<T> k,
        in HeadMatrix<T> v, in HeadMatrix<T> ddk, in HeadMatrix<T> ddv)
    {
        ref readonly var args = ref a.Operands;
        var scale = T.CreateChecked(args.Scale);
        var room = QueryRoom(args, x.Rows, 3);
        var q = Queries(a, a.Q, head, x.First, x.Rows, ref room);
        var g = Queries(a, a.G, head, x.First, x.Rows, ref room);
        var ddq = Queries(a, a.Ddq, head, x.First, x.Rows, ref room);
        bool hasQ = a.Ddq is not null, hasK = a.Ddk is not null, hasV = a.Ddv is not null;
        AttentionProduct<T>.Scores(q, k, scale, false, x.P, x.Pitch);
        AttentionProduct<T>.Scores(g, v, T.One, false, x.Ds, x.Pitch);
        if (hasQ) AttentionProduct<T>.Scores(ddq, k, scale, false, x.W, x.Pitch);
        if (hasK) AttentionProduct<T>.Scores(q, ddk, scale, hasQ, x.W, x.Pitch);
        if (!hasQ && !hasK) new Span<T>(x.W, x.Rows * x.Pitch).Clear();
        if (hasV) AttentionProduct<T>.Scores(g, ddv, T.One, false, x.R, x.Pitch);
        else new Span<T>(x.R, x.Rows * x.Pitch).Clear();
        DoubleBackwardRows(a, head, x);

        int row = args.QLayout.Row, keyRow = args.KLayout.Row;
        var more = x.First > 0;
        T* dg = a.Query(a.Dg, head, x.First), dq = a.Query(a.Dq, head, x.First), dk = a.Key(a.Dk, head, 0);
        AttentionProduct<T>.Mix(x.W, x.Pitch, x.Rows, v, T.One, false, dg, row);
        if (hasV) AttentionProduct<T>.Mix(x.P, x.Pitch, x.Rows, ddv, T.One, true, dg, row);
        AttentionProduct<T>.MixTransposed(x.W, x.Pitch, args.Lk, g, T.One, more, a.Key(a.Dv, head, 0), keyRow);
        AttentionProduct<T>.Mix(x.R, x.Pitch, x.Rows, k, scale, false, dq, row);
        if (hasK) AttentionProduct<T>.Mix(x.Ds, x.Pitch, x.Rows, ddk, scale, true, dq, row);
        AttentionProduct<T>.MixTransposed(x.R, x.Pitch, args.Lk, q, scale, more, dk, keyRow);
        if (hasQ) AttentionProduct<T>.MixTransposed(x.Ds, x.Pitch, args.Lk, ddq, scale, true, dk, keyRow);
    }

    private static void DoubleBackwardRows(in AttentionProblem<T> a, int head, SecondOrderBlock x)
    {
        ref readonly var args = ref a.Operands;
        var factor = KeepFactor(args);
        var lse = a.RowLse(head, x.First);
        var dots = Dots(a, head, x.First, x.Rows);
        var words = Words(a, head, x.First, 0, (long)x.Rows * args.Lk);
        var threshold = Threshold(args);
        for (var i = 0; i < x.Rows; i++)
        {
            var at = (nint)i * x.Pitch;
            var tiles = new DoubleBackwardRow<T>(x.P + at, x.Ds + at, x.W + at, x.R + at, args.Lk,
                words is null ? null : words + (nint)i * args.Lk, threshold, factor);
            var (mean, correction) = AttentionRows<T, V, S>.DoubleBackwardSums(
                tiles, a.MaskRow(head, x.First + i, 0), Shift(lse[i]), dots[i]);
            AttentionRows<T, V, S>.DoubleBackward(tiles, mean, correction);
        }
    }
}
