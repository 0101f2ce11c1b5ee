using AmcEngine.Autograd;
using AmcEngine.Backends.Cpu.Simd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>Matrix products. Transposes are absorbed by the kernel; nothing is moved for them.</summary>
[OpFamily]
public static class MatMulOps
{
    /// <summary>
    /// op(a)·op(b) over the last two axes, [..., M, K]·[..., K, N] → [..., M, N]; leading axes broadcast.
    /// </summary>
    /// <exception cref="ShapeException">The inner extents differ or the leading ones do not broadcast.</exception>
    [Op("matmul")]
    public static Tensor MatMul(this Tensor a, Tensor b, bool transposeA = false, bool transposeB = false)
    {
        var y = Forward(a, b, transposeA, transposeB);
        return Graph.Record("matmul", [a, b], y, [a, b], (c, g) =>
        {
            var (p, q) = (c.Saved[0], c.Saved[1]);
            Tensor? da = null, db = null;
            if (c.Needs(0))
                da = (transposeA ? q.MatMul(g[0]!, transposeB, true) : g[0]!.MatMul(q, false, !transposeB))
                    .SumTo(p.Shape);
            if (c.Needs(1))
                db = transposeB ? Reduced(g[0]!, p, true, transposeA, q) : Reduced(p, g[0]!, !transposeA, false, q);
            return [da, db];
        });
    }

    /// <summary>
    /// Adds op(a)·b, of two matrices, onto the elements of a gradient (M×N in any shape) and returns it: no product is
    /// stored on the way. Not recorded.
    /// </summary>
    internal static Tensor AddProduct(Tensor sum, Tensor a, Tensor b, bool transposeA = false)
    {
        var (m, k) = transposeA ? (a.Shape[1], a.Shape[0]) : (a.Shape[0], a.Shape[1]);
        var n = b.Shape[1];
        a.Backend.Run(new MatMulArgs
        {
            A = a,
            B = b,
            C = sum,
            M = m,
            N = n,
            K = k,
            TransA = transposeA,
            Lda = a.Shape[1],
            Ldb = n,
            Ldc = n,
            Accumulate = true,
        });
        GraphWatch.Outputs?.Invoke("matmul", sum);
        return sum;
    }

    /// <summary>
    /// The gradient of a right operand: where it was broadcast over the whole batch, rows are folded into one long
    /// product instead of a product a sample and a sum.
    /// </summary>
    private static Tensor Reduced(Tensor left, Tensor right, bool transposeLeft, bool transposeRight, Tensor target)
    {
        if (target.Shape.Rank == 2 && left.Shape.Rank > 2 && transposeLeft && !transposeRight &&
            left.Shape.Product(0, left.Shape.Rank - 1) == right.Shape.Product(0, right.Shape.Rank - 1))
            return left.Reshape(-1, left.Shape[-1]).MatMul(right.Reshape(-1, right.Shape[-1]), true);
        return left.MatMul(right, transposeLeft, transposeRight).SumTo(target.Shape);
    }

    private static Tensor Forward(Tensor a, Tensor b, bool ta, bool tb)
    {
        OpSupport.RequireSame("matmul", a, b);
        if (a.Shape.Rank < 2 || b.Shape.Rank < 2)
            throw new ShapeException("matmul", $"operands have at least two axes, not {a.Shape} and {b.Shape}");
        var (m, ka) = ta ? (a.Shape[-1], a.Shape[-2]) : (a.Shape[-2], a.Shape[-1]);
        var (kb, n) = tb ? (b.Shape[-1], b.Shape[-2]) : (b.Shape[-2], b.Shape[-1]);
        if (ka != kb)
            throw new ShapeException("matmul",
                $"inner extents differ: {a.Shape}{(ta ? "ᵀ" : "")} · {b.Shape}{(tb ? "ᵀ" : "")} ({ka} against {kb})");
        Shape leadA = new(a.Shape.Dims[..^2]), leadB = new(b.Shape.Dims[..^2]);
        var lead = Shape.Broadcast(leadA, leadB, "matmul");
        var y = a.EmptyLike(new Shape([.. lead.Dims, m, n]));
        var args = new MatMulArgs
        {
            A = a,
            B = b,
            C = y,
            M = m,
            N = n,
            K = ka,
            TransA = ta,
            TransB = tb,
            Lda = a.Shape[-1],
            Ldb = b.Shape[-1],
            Ldc = n,
        };
        // Rows of all samples lie behind one another: one product instead of a batch of them.
        if (leadB.Count == 1 && !ta) args = args with { M = m * lead.Count };
        else if (!SetBatch(ref args, lead, leadA, leadB)) return Forward(Expand(a, lead), Expand(b, lead), ta, tb);
        a.Backend.Run(args);
        return y;
    }

    private static Tensor Expand(Tensor t, Shape lead) =>
        t.BroadcastTo(new Shape([.. lead.Dims, t.Shape[-2], t.Shape[-1]]));

    /// <summary>
    /// Merges the leading axes into two batch levels with strides; false where broadcasting alternates too often.
    /// </summary>
    private static bool SetBatch(ref MatMulArgs args, Shape lead, Shape leadA, Shape leadB)
    {
        long sa = args.A.Shape[-1] * (long)args.A.Shape[-2], sb = args.B.Shape[-1] * (long)args.B.Shape[-2],
            sc = args.M * (long)args.N;
        var levels = new List<(int Extent, long A, long B, long C)>();
        for (var i = 1; i <= lead.Rank; i++)
        {
            var extent = lead[-i];
            var ea = i <= leadA.Rank ? leadA[-i] : 1;
            var eb = i <= leadB.Rank ? leadB[-i] : 1;
            if (extent != 1)
            {
                var level = (extent, ea == 1 ? 0 : sa, eb == 1 ? 0 : sb, sc);
                if (levels.Count > 0 && levels[^1] is var (x, a, b, c) && level.Item2 == a * x
                    && level.Item3 == b * x && sc == c * x)
                    levels[^1] = (x * extent, a, b, c);
                else levels.Add(level);
            }
            (sa, sb, sc) = (sa * ea, sb * eb, sc * extent);
        }
        if (levels.Count > 2) return false;
        if (levels.Count > 0) (args.Batch1, args.A1, args.B1, args.C1) = levels[0];
        if (levels.Count > 1) (args.Batch0, args.A0, args.B0, args.C0) = levels[1];
        return true;
    }

    internal static readonly OpEntry[] Entries =
    [
        new("matmul", (t, a) => t[0].MatMul(t[1], a.Bool("transpose_a"), a.Bool("transpose_b")),
            new([7, 13], [OpInput.Uniform([13, 5])]),
            new([7, 13], [OpInput.Uniform([5, 13])], new() { ["transpose_b"] = true }),
            new([13, 7], [OpInput.Uniform([13, 5])], new() { ["transpose_a"] = true }),
            new([13, 7], [OpInput.Uniform([5, 13])], new() { ["transpose_a"] = true, ["transpose_b"] = true }),
            new([2, 3, 5, 8], [OpInput.Uniform([2, 3, 8, 6])]),
            new([2, 3, 5, 8], [OpInput.Uniform([8, 6])]),
            new([2, 3, 8, 5], [OpInput.Uniform([6, 8])], new() { ["transpose_a"] = true, ["transpose_b"] = true }),
            new([2, 1, 5, 4], [OpInput.Uniform([3, 4, 2])]),
            new([5, 4], [OpInput.Uniform([2, 3, 4, 2])]))
        {
            Benchmark = new OpCase([1024, 1024], [OpInput.Uniform([1024, 1024])]),
        },
    ];
}
