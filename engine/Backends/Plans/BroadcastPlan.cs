using AmcEngine.Tensors;

namespace AmcEngine.Backends.Plans;

/// <summary>
/// Extents and strides of a broadcast, with axes of extent 1 dropped and neighbours merged where both operands allow
/// it; what is left innermost is a row that each operand either runs along or repeats one element over.
/// </summary>
internal unsafe struct BroadcastPlan
{
    /// <summary>Most axes after merging.</summary>
    public const int MaxRank = 16;

    public int Rank;
    public int Rows;
    public fixed int Extent[MaxRank];
    public fixed long StrideA[MaxRank];
    public fixed long StrideB[MaxRank];

    /// <summary>Length of a row.</summary>
    public int Inner;

    /// <summary>1 where a runs along the row, 0 where it repeats.</summary>
    public int InnerA;

    /// <summary>1 where b runs along the row, 0 where it repeats.</summary>
    public int InnerB;

    /// <summary>The plan of y = f(a, b); axes are listed innermost first, the row not among them.</summary>
    public static BroadcastPlan Of(Shape a, Shape b, Shape y)
    {
        if (y.Rank > MaxRank) throw new ShapeException("binary", $"{y} has more than {MaxRank} axes");
        var plan = new BroadcastPlan { Rank = 0, Inner = 1, InnerA = 1, InnerB = 1 };
        long strideA = 1, strideB = 1;
        var first = true;
        for (var i = 1; i <= y.Rank; i++)
        {
            var extent = y[-i];
            if (extent == 1) continue;
            int da = i <= a.Rank ? a[-i] : 1, db = i <= b.Rank ? b[-i] : 1;
            plan.Append(extent, da == 1 ? 0 : strideA, db == 1 ? 0 : strideB, ref first);
            strideA *= da;
            strideB *= db;
        }
        plan.Rows = plan.Inner == 0 ? 0 : y.Count / plan.Inner;
        return plan;
    }

    private void Append(int extent, long a, long b, ref bool first)
    {
        if (first)
        {
            (Inner, InnerA, InnerB, first) = (extent, (int)a, (int)b, false);
        }
        else if (Rank == 0 && a == (long)InnerA * Inner && b == (long)InnerB * Inner)
        {
            Inner *= extent;
        }
        else if (Rank > 0 && a == StrideA[Rank - 1] * Extent[Rank - 1] && b == StrideB[Rank - 1] * Extent[Rank - 1])
        {
            Extent[Rank - 1] *= extent;
        }
        else
        {
            Extent[Rank] = extent;
            StrideA[Rank] = a;
            StrideB[Rank++] = b;
        }
    }
}
