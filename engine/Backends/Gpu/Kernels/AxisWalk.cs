namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>Turns a flat position into positions along merged axes, innermost first, one division an axis.</summary>
internal static class AxisWalk
{
    /// <summary>Most merged axes of the kernels that walk over axes.</summary>
    public const int MaxAxes = 6;

    /// <summary>
    /// Adds where the position along this axis lies in two operands; returns the position over the axes further out.
    /// </summary>
    public static uint Enter(uint position, uint extent, int strideA, int strideB, ref int atA, ref int atB)
    {
        var next = position / extent;
        var at = (int)(position - next * extent);
        atA += at * strideA;
        atB += at * strideB;
        return next;
    }

    /// <summary>The same for one operand.</summary>
    public static uint Enter(uint position, uint extent, int stride, ref int at)
    {
        var next = position / extent;
        at += (int)(position - next * extent) * stride;
        return next;
    }
}
