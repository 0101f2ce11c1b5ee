namespace AmcEngine.Backends.Plans;

/// <summary>
/// A permutation with axes of extent 1 dropped and neighbours merged, in the order of the result's axes, outermost
/// first.
/// </summary>
internal unsafe struct PermutePlan
{
    public const int MaxRank = 16;

    public int Rank;
    public fixed int Extent[MaxRank];

    /// <summary>Stride within the source.</summary>
    public fixed long From[MaxRank];

    /// <summary>Stride within the result.</summary>
    public fixed long To[MaxRank];

    /// <summary>The plan of a permutation of a tensor of the given extents.</summary>
    public static PermutePlan Of(ReadOnlySpan<int> extents, ReadOnlySpan<int> perm)
    {
        var plan = new PermutePlan();
        Span<long> strides = stackalloc long[extents.Length];
        long stride = 1;
        for (var i = extents.Length - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= extents[i];
        }
        foreach (var axis in perm)
        {
            if (extents[axis] == 1) continue;
            var last = plan.Rank - 1;
            if (last >= 0 && plan.From[last] == strides[axis] * extents[axis])
            {
                plan.Extent[last] *= extents[axis];
                plan.From[last] = strides[axis];
                continue;
            }
            plan.Extent[plan.Rank] = extents[axis];
            plan.From[plan.Rank++] = strides[axis];
        }
        stride = 1;
        for (var i = plan.Rank - 1; i >= 0; i--)
        {
            plan.To[i] = stride;
            stride *= plan.Extent[i];
        }
        return plan;
    }

    /// <summary>Takes an axis out of the plan, for a kernel that loops over it itself.</summary>
    public void Remove(int axis)
    {
        for (var i = axis; i < Rank - 1; i++)
        {
            Extent[i] = Extent[i + 1];
            From[i] = From[i + 1];
            To[i] = To[i + 1];
        }
        Rank--;
    }

    /// <summary>Product of the extents.</summary>
    public int Count()
    {
        var n = 1;
        for (var i = 0; i < Rank; i++) n *= Extent[i];
        return n;
    }

    /// <summary>Where position <paramref name="index"/> (row-major over the axes) lies in source and result.</summary>
    public void Locate(int index, out long from, out long to)
    {
        from = to = 0;
        for (var i = Rank - 1; i >= 0; i--)
        {
            var at = index % Extent[i];
            index /= Extent[i];
            from += at * From[i];
            to += at * To[i];
        }
    }
}
