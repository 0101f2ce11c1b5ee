using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>Checks and small steps that several op families share.</summary>
internal static class OpSupport
{
    /// <summary>An output tensor beside an input.</summary>
    public static Tensor EmptyLike(this Tensor x) => Tensor.Empty(x.Shape, x.DType, x.Backend);

    /// <summary>An output tensor of another shape beside an input.</summary>
    public static Tensor EmptyLike(this Tensor x, Shape shape) => Tensor.Empty(shape, x.DType, x.Backend);

    /// <summary>(outer, length, inner) of an axis.</summary>
    public static AxisView View(this Shape shape, int axis) =>
        new(shape.Product(0, axis), shape[axis], shape.Product(axis + 1, shape.Rank));

    /// <summary>Refuses integers.</summary>
    public static void RequireFloating(string op, params ReadOnlySpan<Tensor> tensors)
    {
        foreach (var t in tensors)
            if (!t.DType.IsFloating()) throw new DTypeException(op, $"{t} holds integers; it takes f32 or f64");
    }

    /// <summary>Refuses operands of different element types or back ends.</summary>
    public static void RequireSame(string op, Tensor a, params ReadOnlySpan<Tensor> others)
    {
        RequireFloating(op, a);
        foreach (var b in others)
        {
            if (a.DType != b.DType)
                throw new DTypeException(op, $"{a} and {b} have different element types; convert one with To()");
            if (!ReferenceEquals(a.Backend, b.Backend)) throw new EngineException(
                op, $"{a} is on {a.Backend.Device.Id}, {b} on {b.Backend.Device.Id}; move one");
        }
    }

    /// <summary>Refuses anything but indices.</summary>
    public static void RequireIndices(string op, Tensor index)
    {
        if (index.DType != DType.I32) throw new DTypeException(op, $"indices are I32, not {index}");
    }

    /// <summary>Refuses an input without a derivative that requires one: no derivative is missing in silence.</summary>
    /// <param name="op">The op.</param>
    /// <param name="what">What the input is.</param>
    /// <param name="t">The input.</param>
    /// <param name="remedy">What to do where it is to be learnt.</param>
    /// <exception cref="AutogradException">Recording is on and the input requires a gradient.</exception>
    public static void RequireConstant(string op, string what, Tensor t, string remedy = "pass it through Detach()")
    {
        if (Graph.Records(t))
            throw new AutogradException(op, $"{what} is a constant here and has no gradient; {remedy}");
    }

    /// <summary>Refuses another shape than the expected one.</summary>
    public static void RequireShape(string op, string what, Tensor t, Shape expected)
    {
        if (!t.Shape.Equals(expected)) throw new ShapeException(op, $"{what} is {t.Shape}, expected {expected}");
    }
}
