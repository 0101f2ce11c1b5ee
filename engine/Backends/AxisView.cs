namespace AmcEngine.Backends;

/// <summary>
/// An axis of a tensor as (outer, length, inner): element (o, i, n) lies at (o·length + i)·inner + n.
/// </summary>
/// <param name="Outer">Product of the extents before the axis.</param>
/// <param name="Length">Extent of the axis.</param>
/// <param name="Inner">Product of the extents after the axis.</param>
public readonly record struct AxisView(int Outer, int Length, int Inner);
