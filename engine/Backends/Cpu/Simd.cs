using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AmcEngine.Backends.Cpu;

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

    /// <summary>The first <paramref name="n"/> lanes from memory (which is not read beyond them), the others from <paramref name="fill"/>.</summary>
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

    /// <summary>a·2ⁿ for a in [½, 2) and integers n, rounded once; |n| at most twice the largest exponent. NaN stays NaN.</summary>
    static abstract V Scale(V a, V n);

    /// <summary>v in the lanes whose random word is at least the threshold, else 0.</summary>
    static abstract V Keep(V v, uint* words, uint threshold);

    /// <summary>Positive normal a = m·2ᵉ with m in [√½, √2); f32 only.</summary>
    static abstract V Split(V a, out V e);
}

/// <summary>512-bit vectors.</summary>
internal readonly unsafe struct Simd512<T> : ISimd<Vector512<T>, T> where T : unmanaged
{
    public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => Vector512<T>.Count; }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> Load(T* p) => Vector512.Load(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(Vector512<T> v, T* p) => v.Store(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Stream(Vector512<T> v, T* p) => v.StoreAlignedNonTemporal(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Mask(int n) => sizeof(T) == 4
        ? Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(n)).As<int, T>()
        : Vector512.LessThan(Vector512<long>.Indices, Vector512.Create((long)n)).As<long, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> LoadMasked(T* p, Vector512<T> mask) => LoadMasked(p, mask, default);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreMasked(Vector512<T> v, T* p, Vector512<T> mask)
    {
        if (typeof(T) == typeof(float)) Avx512F.MaskStore((float*)p, mask.AsSingle(), v.AsSingle());
        else Avx512F.MaskStore((double*)p, mask.AsDouble(), v.AsDouble());
    }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> LoadPartial(T* p, int n, Vector512<T> fill) => LoadMasked(p, Mask(n), fill);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void StorePartial(Vector512<T> v, T* p, int n) => StoreMasked(v, p, Mask(n));
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> LoadMasked(T* p, Vector512<T> mask, Vector512<T> fill) => typeof(T) == typeof(float)
        ? Avx512F.MaskLoad((float*)p, mask.AsSingle(), fill.AsSingle()).As<float, T>()
        : Avx512F.MaskLoad((double*)p, mask.AsDouble(), fill.AsDouble()).As<double, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> Set(T value) => Vector512.Create(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Const(double value) => typeof(T) == typeof(float) ? Vector512.Create((float)value).As<float, T>() : Vector512.Create(value).As<double, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> Add(Vector512<T> a, Vector512<T> b) => a + b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> Sub(Vector512<T> a, Vector512<T> b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> Mul(Vector512<T> a, Vector512<T> b) => a * b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> Div(Vector512<T> a, Vector512<T> b) => a / b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Fma(Vector512<T> a, Vector512<T> b, Vector512<T> c) => typeof(T) == typeof(float)
        ? Vector512.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).As<float, T>()
        : Vector512.FusedMultiplyAdd(a.AsDouble(), b.AsDouble(), c.AsDouble()).As<double, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> MulAdd(Vector512<T> a, Vector512<T> b, Vector512<T> c) => Fma(a, b, c);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> Sqrt(Vector512<T> a) => Vector512.Sqrt(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> Abs(Vector512<T> a) => Vector512.Abs(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> Max(Vector512<T> a, Vector512<T> b) => Vector512.Max(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> Min(Vector512<T> a, Vector512<T> b) => Vector512.Min(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> MaxFast(Vector512<T> a, Vector512<T> b) => Vector512.MaxNative(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> MinFast(Vector512<T> a, Vector512<T> b) => Vector512.MinNative(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Round(Vector512<T> a) => typeof(T) == typeof(float) ? Vector512.Round(a.AsSingle()).As<float, T>() : Vector512.Round(a.AsDouble()).As<double, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> And(Vector512<T> a, Vector512<T> b) => a & b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> Or(Vector512<T> a, Vector512<T> b) => a | b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> Select(Vector512<T> mask, Vector512<T> yes, Vector512<T> no) => Vector512.ConditionalSelect(mask, yes, no);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> Less(Vector512<T> a, Vector512<T> b) => Vector512.LessThan(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> LessEqual(Vector512<T> a, Vector512<T> b) => Vector512.LessThanOrEqual(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> Equal(Vector512<T> a, Vector512<T> b) => Vector512.Equals(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Sum(Vector512<T> a) => Vector512.Sum(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T MaxLane(Vector512<T> a) => Simd256<T>.MaxLane(Vector256.Max(a.GetLower(), a.GetUpper()));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T MinLane(Vector512<T> a) => Simd256<T>.MinLane(Vector256.Min(a.GetLower(), a.GetUpper()));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Lane(Vector512<T> a, int i) => a.GetElement(i);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Scale(Vector512<T> a, Vector512<T> n) => typeof(T) == typeof(float)
        ? Avx512F.Scale(a.AsSingle(), n.AsSingle()).As<float, T>()
        : Avx512F.Scale(a.AsDouble(), n.AsDouble()).As<double, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Keep(Vector512<T> v, uint* words, uint threshold) => typeof(T) == typeof(float)
        ? v & Vector512.GreaterThanOrEqual(Vector512.Load(words), Vector512.Create(threshold)).As<uint, T>()
        : v & Vector512.GreaterThanOrEqual(Vector512.Create(Vector256.WidenLower(Vector256.Load(words)), Vector256.WidenUpper(Vector256.Load(words))), Vector512.Create((ulong)threshold)).As<ulong, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Split(Vector512<T> a, out Vector512<T> e)
    {
        var exponent = Vector512.ShiftRightArithmetic(a.AsInt32() - Vector512.Create(0x3f3504f3), 23);
        e = Vector512.ConvertToSingle(exponent).As<float, T>();
        return (a.AsInt32() - Vector512.ShiftLeft(exponent, 23)).As<int, T>();
    }
}

/// <summary>256-bit vectors.</summary>
internal readonly unsafe struct Simd256<T> : ISimd<Vector256<T>, T> where T : unmanaged
{
    public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => Vector256<T>.Count; }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> Load(T* p) => Vector256.Load(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(Vector256<T> v, T* p) => v.Store(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Stream(Vector256<T> v, T* p) => v.StoreAlignedNonTemporal(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Mask(int n) => sizeof(T) == 4
        ? Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(n)).As<int, T>()
        : Vector256.LessThan(Vector256<long>.Indices, Vector256.Create((long)n)).As<long, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> LoadMasked(T* p, Vector256<T> mask) => typeof(T) == typeof(float)
        ? Avx.MaskLoad((float*)p, mask.AsSingle()).As<float, T>()
        : Avx.MaskLoad((double*)p, mask.AsDouble()).As<double, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreMasked(Vector256<T> v, T* p, Vector256<T> mask)
    {
        if (typeof(T) == typeof(float)) Avx.MaskStore((float*)p, mask.AsSingle(), v.AsSingle());
        else Avx.MaskStore((double*)p, mask.AsDouble(), v.AsDouble());
    }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> LoadPartial(T* p, int n, Vector256<T> fill) => Select(Mask(n), LoadMasked(p, Mask(n)), fill);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void StorePartial(Vector256<T> v, T* p, int n) => StoreMasked(v, p, Mask(n));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> Set(T value) => Vector256.Create(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Const(double value) => typeof(T) == typeof(float) ? Vector256.Create((float)value).As<float, T>() : Vector256.Create(value).As<double, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> Add(Vector256<T> a, Vector256<T> b) => a + b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> Sub(Vector256<T> a, Vector256<T> b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> Mul(Vector256<T> a, Vector256<T> b) => a * b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> Div(Vector256<T> a, Vector256<T> b) => a / b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Fma(Vector256<T> a, Vector256<T> b, Vector256<T> c) => typeof(T) == typeof(float)
        ? Vector256.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).As<float, T>()
        : Vector256.FusedMultiplyAdd(a.AsDouble(), b.AsDouble(), c.AsDouble()).As<double, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> MulAdd(Vector256<T> a, Vector256<T> b, Vector256<T> c) => Fma(a, b, c);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> Sqrt(Vector256<T> a) => Vector256.Sqrt(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> Abs(Vector256<T> a) => Vector256.Abs(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> Max(Vector256<T> a, Vector256<T> b) => Vector256.Max(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> Min(Vector256<T> a, Vector256<T> b) => Vector256.Min(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> MaxFast(Vector256<T> a, Vector256<T> b) => Vector256.MaxNative(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> MinFast(Vector256<T> a, Vector256<T> b) => Vector256.MinNative(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Round(Vector256<T> a) => typeof(T) == typeof(float) ? Vector256.Round(a.AsSingle()).As<float, T>() : Vector256.Round(a.AsDouble()).As<double, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> And(Vector256<T> a, Vector256<T> b) => a & b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> Or(Vector256<T> a, Vector256<T> b) => a | b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> Select(Vector256<T> mask, Vector256<T> yes, Vector256<T> no) => Vector256.ConditionalSelect(mask, yes, no);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> Less(Vector256<T> a, Vector256<T> b) => Vector256.LessThan(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> LessEqual(Vector256<T> a, Vector256<T> b) => Vector256.LessThanOrEqual(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> Equal(Vector256<T> a, Vector256<T> b) => Vector256.Equals(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Sum(Vector256<T> a) => Vector256.Sum(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T MaxLane(Vector256<T> a) => Simd128<T>.MaxLane(Vector128.Max(a.GetLower(), a.GetUpper()));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T MinLane(Vector256<T> a) => Simd128<T>.MinLane(Vector128.Min(a.GetLower(), a.GetUpper()));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Lane(Vector256<T> a, int i) => a.GetElement(i);
    // Half of n into the exponent's bits, the rest as a factor, which reaches the denormals and infinity.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Scale(Vector256<T> a, Vector256<T> n)
    {
        if (typeof(T) == typeof(double))
        {
            var whole = Vector256.ConvertToInt64Native(n.AsDouble());
            var part = Vector256.ShiftRightArithmetic(whole, 1);
            return (a.AsInt64() + Vector256.ShiftLeft(part, 52)).As<long, T>() * (Vector256.ShiftLeft(whole - part, 52) + Vector256.Create(1023L << 52)).As<long, T>();
        }
        var i = Vector256.ConvertToInt32Native(n.AsSingle());
        var half = Vector256.ShiftRightArithmetic(i, 1);
        return (a.AsInt32() + Vector256.ShiftLeft(half, 23)).As<int, T>() * (Vector256.ShiftLeft(i - half, 23) + Vector256.Create(127 << 23)).As<int, T>();
    }
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Keep(Vector256<T> v, uint* words, uint threshold) => typeof(T) == typeof(float)
        ? v & Vector256.GreaterThanOrEqual(Vector256.Load(words), Vector256.Create(threshold)).As<uint, T>()
        : v & Vector256.GreaterThanOrEqual(Vector256.Create(Vector128.WidenLower(Vector128.Load(words)), Vector128.WidenUpper(Vector128.Load(words))), Vector256.Create((ulong)threshold)).As<ulong, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Split(Vector256<T> a, out Vector256<T> e)
    {
        var exponent = Vector256.ShiftRightArithmetic(a.AsInt32() - Vector256.Create(0x3f3504f3), 23);
        e = Vector256.ConvertToSingle(exponent).As<float, T>();
        return (a.AsInt32() - Vector256.ShiftLeft(exponent, 23)).As<int, T>();
    }
}

/// <summary>128-bit vectors.</summary>
internal readonly unsafe struct Simd128<T> : ISimd<Vector128<T>, T> where T : unmanaged
{
    public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => Vector128<T>.Count; }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> Load(T* p) => Vector128.Load(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(Vector128<T> v, T* p) => v.Store(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Stream(Vector128<T> v, T* p) => v.StoreAlignedNonTemporal(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Mask(int n) => sizeof(T) == 4
        ? Vector128.LessThan(Vector128<int>.Indices, Vector128.Create(n)).As<int, T>()
        : Vector128.LessThan(Vector128<long>.Indices, Vector128.Create((long)n)).As<long, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> LoadMasked(T* p, Vector128<T> mask) => Partial.Load(p, Lanes(mask), default(Vector128<T>));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void StoreMasked(Vector128<T> v, T* p, Vector128<T> mask) => Partial.Store(v, p, Lanes(mask));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> LoadPartial(T* p, int n, Vector128<T> fill) => Partial.Load(p, n, fill);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void StorePartial(Vector128<T> v, T* p, int n) => Partial.Store(v, p, n);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] private static int Lanes(Vector128<T> mask) => BitOperations.PopCount(mask.ExtractMostSignificantBits());
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> Set(T value) => Vector128.Create(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Const(double value) => typeof(T) == typeof(float) ? Vector128.Create((float)value).As<float, T>() : Vector128.Create(value).As<double, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> Add(Vector128<T> a, Vector128<T> b) => a + b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> Sub(Vector128<T> a, Vector128<T> b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> Mul(Vector128<T> a, Vector128<T> b) => a * b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> Div(Vector128<T> a, Vector128<T> b) => a / b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Fma(Vector128<T> a, Vector128<T> b, Vector128<T> c) => typeof(T) == typeof(float)
        ? Vector128.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).As<float, T>()
        : Vector128.FusedMultiplyAdd(a.AsDouble(), b.AsDouble(), c.AsDouble()).As<double, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> MulAdd(Vector128<T> a, Vector128<T> b, Vector128<T> c) => typeof(T) == typeof(float)
        ? Vector128.MultiplyAddEstimate(a.AsSingle(), b.AsSingle(), c.AsSingle()).As<float, T>()
        : Vector128.MultiplyAddEstimate(a.AsDouble(), b.AsDouble(), c.AsDouble()).As<double, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> Sqrt(Vector128<T> a) => Vector128.Sqrt(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> Abs(Vector128<T> a) => Vector128.Abs(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> Max(Vector128<T> a, Vector128<T> b) => Vector128.Max(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> Min(Vector128<T> a, Vector128<T> b) => Vector128.Min(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> MaxFast(Vector128<T> a, Vector128<T> b) => Vector128.MaxNative(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> MinFast(Vector128<T> a, Vector128<T> b) => Vector128.MinNative(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Round(Vector128<T> a) => typeof(T) == typeof(float) ? Vector128.Round(a.AsSingle()).As<float, T>() : Vector128.Round(a.AsDouble()).As<double, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> And(Vector128<T> a, Vector128<T> b) => a & b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> Or(Vector128<T> a, Vector128<T> b) => a | b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> Select(Vector128<T> mask, Vector128<T> yes, Vector128<T> no) => Vector128.ConditionalSelect(mask, yes, no);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> Less(Vector128<T> a, Vector128<T> b) => Vector128.LessThan(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> LessEqual(Vector128<T> a, Vector128<T> b) => Vector128.LessThanOrEqual(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> Equal(Vector128<T> a, Vector128<T> b) => Vector128.Equals(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Sum(Vector128<T> a) => Vector128.Sum(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T MaxLane(Vector128<T> a)
    {
        a = Vector128.Max(a, Vector128.Shuffle(a.AsInt64(), Vector128.Create(1L, 0)).As<long, T>());
        return typeof(T) == typeof(float) ? Vector128.Max(a, Vector128.Shuffle(a.AsInt32(), Vector128.Create(1, 0, 3, 2)).As<int, T>()).ToScalar() : a.ToScalar();
    }
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T MinLane(Vector128<T> a)
    {
        a = Vector128.Min(a, Vector128.Shuffle(a.AsInt64(), Vector128.Create(1L, 0)).As<long, T>());
        return typeof(T) == typeof(float) ? Vector128.Min(a, Vector128.Shuffle(a.AsInt32(), Vector128.Create(1, 0, 3, 2)).As<int, T>()).ToScalar() : a.ToScalar();
    }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Lane(Vector128<T> a, int i) => a.GetElement(i);
    // Half of n into the exponent's bits, the rest as a factor, which reaches the denormals and infinity.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Scale(Vector128<T> a, Vector128<T> n)
    {
        if (typeof(T) == typeof(double))
        {
            var whole = Vector128.ConvertToInt64Native(n.AsDouble());
            var part = Vector128.ShiftRightArithmetic(whole, 1);
            return (a.AsInt64() + Vector128.ShiftLeft(part, 52)).As<long, T>() * (Vector128.ShiftLeft(whole - part, 52) + Vector128.Create(1023L << 52)).As<long, T>();
        }
        var i = Vector128.ConvertToInt32Native(n.AsSingle());
        var half = Vector128.ShiftRightArithmetic(i, 1);
        return (a.AsInt32() + Vector128.ShiftLeft(half, 23)).As<int, T>() * (Vector128.ShiftLeft(i - half, 23) + Vector128.Create(127 << 23)).As<int, T>();
    }
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Keep(Vector128<T> v, uint* words, uint threshold) => typeof(T) == typeof(float)
        ? v & Vector128.GreaterThanOrEqual(Vector128.Load(words), Vector128.Create(threshold)).As<uint, T>()
        : v & Vector128.GreaterThanOrEqual(Vector128.Create((ulong)words[0], words[1]), Vector128.Create((ulong)threshold)).As<ulong, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Split(Vector128<T> a, out Vector128<T> e)
    {
        var exponent = Vector128.ShiftRightArithmetic(a.AsInt32() - Vector128.Create(0x3f3504f3), 23);
        e = Vector128.ConvertToSingle(exponent).As<float, T>();
        return (a.AsInt32() - Vector128.ShiftLeft(exponent, 23)).As<int, T>();
    }
}

/// <summary>Part of a vector through a temporary, where the hardware has no masked moves.</summary>
internal static unsafe class Partial
{
    /// <summary>The first n elements of p, the rest of fill.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static V Load<V, T>(T* p, int n, V fill) where V : unmanaged where T : unmanaged
    {
        var v = fill;
        Unsafe.CopyBlockUnaligned(&v, p, (uint)(n * sizeof(T)));
        return v;
    }

    /// <summary>The first n elements of v.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Store<V, T>(V v, T* p, int n) where V : unmanaged where T : unmanaged =>
        Unsafe.CopyBlockUnaligned(p, &v, (uint)(n * sizeof(T)));
}
