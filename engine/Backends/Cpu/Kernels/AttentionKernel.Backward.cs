using System.Numerics;
using AmcEngine.Backends.Cpu.Gemm;

namespace AmcEngine.Backends.Cpu.Kernels;

// Gradient of attention for one head, in blocks of query rows. With M the dropout factors and P the softmax:
//   dP = M∘(G·Vᵀ), δᵢ = Gᵢ·Oᵢ;  dS = P∘(dP − δ);  dv = (M∘P)ᵀ·G;  dk = scale·dSᵀ·Q;  dq = scale·dS·K.
// Layout: two score-sized tiles of a block in thread scratch, overwritten by what the products need of them:
//   scores → M∘P less its factor, dP → dS. Nothing of size Lq × Lk is stored.
// Accumulated: dk and dv over the blocks in ascending order, one thread a head.
// Five products with a map, and an exp for each score. Traffic: the operands once a block.
internal static unsafe partial class AttentionKernel<T, V, S>
{
    /// <summary>Gradients with respect to q, k and v of a head, in blocks of query rows.</summary>
    public static void Backward(in AttentionProblem<T> a, int head, int queryBlock)
    {
        ref readonly var args = ref a.Operands;
        var pitch = AttentionRows<T, V, S>.Pitch(args.Lk);
        var blocks = EvenBlocks.AtMost(args.Lq, queryBlock);
        var tile = (nint)blocks.Largest * pitch;
        var p = GemmScratch.Get<T>(MapSlot, 2L * tile);
        var ds = p + tile;
        var scale = T.CreateChecked(args.Scale);
        var keyRoom = KeyRoom(args, args.Lk, 2);
        var k = Keys(a, a.K, head, 0, args.Lk, true, true, blocks.Largest, ref keyRoom);
        var v = Keys(a, a.V, head, 0, args.Lk, true, false, blocks.Largest, ref keyRoom);
        int row = args.QLayout.Row, keyRow = args.KLayout.Row;
        for (var block = 0; block < blocks.Count; block++)
        {
            int i0 = blocks.Start(block), rows = blocks.Size(block);
            var room = QueryRoom(args, rows, 2);
            var q = Queries(a, a.Q, head, i0, rows, ref room);
            var g = Queries(a, a.G, head, i0, rows, ref room);
            AttentionProduct<T>.Scores(q, k, scale, false, p, pitch);
            AttentionProduct<T>.Scores(g, v, T.One, false, ds, pitch);
            BackwardRows(a, head, i0, rows, p, ds, pitch);
            var more = block > 0;
            AttentionProduct<T>.MixTransposed(
                p, pitch, args.Lk, g, KeepFactor(args), more, a.Key(a.Dv, head, 0), keyRow);
            AttentionProduct<T>.MixTransposed(ds, pitch, args.Lk, q, scale, more, a.Key(a.Dk, head, 0), keyRow);
            AttentionProduct<T>.Mix(ds, pitch, rows, k, scale, false, a.Query(a.Dq, head, i0), row);
        }
    }

    // Scores and their cotangents to probabilities (dropped out) and score gradients.
    private static void BackwardRows(in AttentionProblem<T> a, int head, int i0, int rows, T* p, T* dp, int pitch)
    {
        ref readonly var args = ref a.Operands;
        var factor = KeepFactor(args);
        var lse = a.RowLse(head, i0);
        var dots = Dots(a, head, i0, rows);
        var words = Words(a, head, i0, 0, (long)rows * args.Lk);
        var threshold = Threshold(args);
        for (var i = 0; i < rows; i++)
        {
            AttentionRows<T, V, S>.Backward(p + (nint)i * pitch, dp + (nint)i * pitch, a.MaskRow(head, i0 + i, 0),
                Shift(lse[i]), dots[i], words is null ? null : words + (nint)i * args.Lk, threshold, factor, args.Lk);
        }
    }

    // δ of rows from i0 on.
    private static T* Dots(in AttentionProblem<T> a, int head, int i0, int rows)
    {
        ref readonly var args = ref a.Operands;
        var dots = GemmScratch.Get<T>(RowSlot, rows);
        AttentionRows<T, V, S>.Dots(
            a.Query(a.G, head, i0), a.Query(a.Output, head, i0), args.QLayout.Row, args.D, rows, dots);
        return dots;
    }

    // What is taken from a row's scores before the exponential; all are −∞ where their lse is.
    private static T Shift(T lse) => T.IsNegativeInfinity(lse) ? T.Zero : lse;
}
