namespace AmcEngine.Backends;

/// <summary>Elementwise functions of one operand; p and q are the kernel's parameters.</summary>
public enum UnaryKind
{
    /// <summary>−x</summary>
    Neg,
    /// <summary>eˣ</summary>
    Exp,
    /// <summary>ln x</summary>
    Log,
    /// <summary>√x</summary>
    Sqrt,
    /// <summary>1/√x</summary>
    Rsqrt,
    /// <summary>1/x</summary>
    Reciprocal,
    /// <summary>tanh x</summary>
    Tanh,
    /// <summary>1/(1+e⁻ˣ)</summary>
    Sigmoid,
    /// <summary>erf x</summary>
    Erf,
    /// <summary>x·Φ(x): GELU by the error function</summary>
    Gelu,
    /// <summary>Φ(x) + x·φ(x): first derivative of GELU</summary>
    GeluFirst,
    /// <summary>φ(x)·(2 − x²): second derivative of GELU</summary>
    GeluSecond,
    /// <summary>x·σ(1.702 x): the quick form of GELU</summary>
    QuickGelu,
    /// <summary>First derivative of the quick GELU</summary>
    QuickGeluFirst,
    /// <summary>Second derivative of the quick GELU</summary>
    QuickGeluSecond,
    /// <summary>max(x, 0); NaN stays NaN</summary>
    Relu,
    /// <summary>1 where x &gt; 0, else 0: derivative of ReLU</summary>
    Positive,
    /// <summary>x limited to [p, q]; NaN stays NaN</summary>
    Clamp,
    /// <summary>1 where p ≤ x ≤ q, else 0: derivative of clamp</summary>
    InRange,
    /// <summary>p·x + q</summary>
    Affine,
}

/// <summary>Elementwise functions of two operands, with broadcasting.</summary>
public enum BinaryKind
{
    /// <summary>a + b</summary>
    Add,
    /// <summary>a − b</summary>
    Sub,
    /// <summary>a · b</summary>
    Mul,
    /// <summary>a / b</summary>
    Div,
    /// <summary>a · GELU′(b): gradient of GELU at input b</summary>
    GeluBackward,
    /// <summary>a · QuickGELU′(b): gradient of the quick GELU at input b</summary>
    QuickGeluBackward,
    /// <summary>a · (1 − b²): gradient of tanh at output b</summary>
    TanhBackward,
    /// <summary>a · b · (1 − b): gradient of sigmoid at output b</summary>
    SigmoidBackward,
    /// <summary>a where b &gt; 0, else 0: gradient of ReLU at input b</summary>
    ReluBackward,
}

/// <summary>Reductions along an axis, in a fixed order.</summary>
public enum ReduceKind
{
    /// <summary>Sum.</summary>
    Sum,
    /// <summary>Largest value; NaN wins.</summary>
    Max,
    /// <summary>Smallest value; NaN wins.</summary>
    Min,
}

/// <summary>What a matmul applies to a finished output element.</summary>
public enum Activation
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary>GELU by the error function.</summary>
    Gelu,
    /// <summary>x·σ(1.702 x), the quick form of GELU.</summary>
    QuickGelu,
}

/// <summary>
/// Key of one stream of random numbers: Philox 4x32-10 with key (low, high word of <paramref name="Seed"/>) and
/// counter (low, high word of the block number, <paramref name="Op"/>, <paramref name="Step"/>). Element e of a tensor takes word e mod 4 of
/// block e div 4, and u = (word &gt;&gt; 8)·2⁻²⁴ in [0, 1), in f32 and f64 alike. So dropout masks replay in a second
/// pass and after a resume, on every device.
/// </summary>
/// <param name="Seed">Seed of the run.</param>
/// <param name="Op">Which random op of the step.</param>
/// <param name="Step">Which step.</param>
public readonly record struct RandomKey(ulong Seed, uint Op, uint Step);

/// <summary>An axis of a tensor as (outer, length, inner): element (o, i, n) lies at (o·length + i)·inner + n.</summary>
/// <param name="Outer">Product of the extents before the axis.</param>
/// <param name="Length">Extent of the axis.</param>
/// <param name="Inner">Product of the extents after the axis.</param>
public readonly record struct AxisView(int Outer, int Length, int Inner);
