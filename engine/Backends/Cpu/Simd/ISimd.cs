namespace AmcEngine.Backends.Cpu.Simd;

/// <summary>
/// The vector operations that kernels use, as static methods on a vector type, so that one kernel serves every register
/// width and both element types. The JIT turns most
/// into one instruction. A width is used only where it is accelerated: AVX-512 (512) and AVX2 with FMA (256).
/// </summary>
/// <typeparam name="V">A hardware vector of <typeparamref name="T"/>.</typeparam>
/// <typeparam name="T">Element: float or double.</typeparam>
internal unsafe interface ISimd<V, T> where V : unmanaged where T : unmanaged
{
    static abstract int Count { get; }
    static abstract V Load(T* p);
    static abstract void Store(V v, T* p);

    /// <summary>Writes past the caches; p is aligned to a vector.</summary>
    static abstract void Stream(V v, T* p);

    /// <summary>All bits set in the first <paramref name="n"/> lanes: for loops that use one mask many times.</summary>
    static abstract V Mask(int n);

    /// <summary>The lanes of a <see cref="Mask"/> from memory (which is not read beyond them), the others 0.</summary>
    static abstract V LoadMasked(T* p, V mask);

    /// <summary>Writes the lanes of a <see cref="Mask"/> only.</summary>
    static abstract void StoreMasked(V v, T* p, V mask);

    /// <summary>
    /// The first <paramref name="n"/> lanes from memory (which is not read beyond them), the others from
    /// <paramref name="fill"/>.
    /// </summary>
    static abstract V LoadPartial(T* p, int n, V fill);

    /// <summary>Writes the first <paramref name="n"/> lanes only.</summary>
    static abstract void StorePartial(V v, T* p, int n);

    static abstract V Set(T value);
    /// <summary>A constant of the code, rounded to the element type.</summary>
    static abstract V Const(double value);

    static abstract V Add(V a, V b);
    static abstract V Sub(V a, V b);
    static abstract V Mul(V a, V b);
    static abstract V Div(V a, V b);

    /// <summary>a·b + c in one rounding, in software (hundreds of times slower) where the hardware has none.</summary>
    static abstract V Fma(V a, V b, V c);

    /// <summary>a·b + c, in one rounding where the hardware can, else in two.</summary>
    static abstract V MulAdd(V a, V b, V c);

    static abstract V Sqrt(V a);
    static abstract V Abs(V a);

    /// <summary>IEEE maximum: NaN wins.</summary>
    static abstract V Max(V a, V b);

    /// <summary>IEEE minimum: NaN wins.</summary>
    static abstract V Min(V a, V b);

    /// <summary>One instruction; <paramref name="b"/> where either is NaN.</summary>
    static abstract V MaxFast(V a, V b);

    /// <summary>One instruction; <paramref name="b"/> where either is NaN.</summary>
    static abstract V MinFast(V a, V b);

    static abstract V Round(V a);
    static abstract V And(V a, V b);
    static abstract V Or(V a, V b);
    static abstract V Select(V mask, V yes, V no);
    static abstract V Less(V a, V b);
    static abstract V LessEqual(V a, V b);
    static abstract V Equal(V a, V b);

    /// <summary>Sum of the lanes in a fixed order.</summary>
    static abstract T Sum(V a);

    /// <summary>Largest lane; NaN wins.</summary>
    static abstract T MaxLane(V a);

    /// <summary>Smallest lane; NaN wins.</summary>
    static abstract T MinLane(V a);

    static abstract T Lane(V a, int i);

    /// <summary>
    /// a·2ⁿ for a in [½, 2) and integers n, rounded once; |n| at most twice the largest exponent. NaN stays NaN.
    /// </summary>
    static abstract V Scale(V a, V n);

    /// <summary>v in the lanes whose random word is at least the threshold, else 0.</summary>
    static abstract V Keep(V v, uint* words, uint threshold);

    /// <summary>Positive normal a = m·2ᵉ with m in [√½, √2); f32 only.</summary>
    static abstract V Split(V a, out V e);
}
