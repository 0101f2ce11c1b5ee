using System.Runtime.CompilerServices;

namespace AmcEngine.Backends.Cpu.Simd;

/// <summary>
/// One element in the place of a vector: the path of a processor without SIMD, and the reference of the others. A mask
/// is the element with all bits set or none, as in a vector.
/// </summary>
internal readonly unsafe struct SimdScalar<T> : ISimd<T, T> where T : unmanaged
{
    public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 1; }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Load(T* p) => *p;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(T v, T* p) => *p = v;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Stream(T v, T* p) => *p = v;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Mask(int n) => Mask(n > 0);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T LoadMasked(T* p, T mask) => IsSet(mask) ? *p : default;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreMasked(T v, T* p, T mask)
    {
        if (IsSet(mask)) *p = v;
    }
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T LoadPartial(T* p, int n, T fill) => n > 0 ? *p : fill;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePartial(T v, T* p, int n)
    {
        if (n > 0) *p = v;
    }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Set(T value) => value;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Const(double value) => typeof(T) == typeof(float) ? From((float)value) : From(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Add(T a, T b) => typeof(T) == typeof(float) ? From(F(a) + F(b)) : From(D(a) + D(b));
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sub(T a, T b) => typeof(T) == typeof(float) ? From(F(a) - F(b)) : From(D(a) - D(b));
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Mul(T a, T b) => typeof(T) == typeof(float) ? From(F(a) * F(b)) : From(D(a) * D(b));
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Div(T a, T b) => typeof(T) == typeof(float) ? From(F(a) / F(b)) : From(D(a) / D(b));
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Fma(T a, T b, T c) => typeof(T) == typeof(float)
        ? From(MathF.FusedMultiplyAdd(F(a), F(b), F(c)))
        : From(Math.FusedMultiplyAdd(D(a), D(b), D(c)));
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T MulAdd(T a, T b, T c) => typeof(T) == typeof(float)
        ? From(float.MultiplyAddEstimate(F(a), F(b), F(c)))
        : From(double.MultiplyAddEstimate(D(a), D(b), D(c)));
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sqrt(T a) => typeof(T) == typeof(float) ? From(MathF.Sqrt(F(a))) : From(Math.Sqrt(D(a)));
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Abs(T a) => typeof(T) == typeof(float) ? From(MathF.Abs(F(a))) : From(Math.Abs(D(a)));
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Max(T a, T b) =>
        typeof(T) == typeof(float) ? From(MathF.Max(F(a), F(b))) : From(Math.Max(D(a), D(b)));
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Min(T a, T b) =>
        typeof(T) == typeof(float) ? From(MathF.Min(F(a), F(b))) : From(Math.Min(D(a), D(b)));
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T MaxFast(T a, T b) => typeof(T) == typeof(float) ? (F(a) > F(b) ? a : b) : D(a) > D(b) ? a : b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T MinFast(T a, T b) => typeof(T) == typeof(float) ? (F(a) < F(b) ? a : b) : D(a) < D(b) ? a : b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Round(T a) => typeof(T) == typeof(float) ? From(MathF.Round(F(a))) : From(Math.Round(D(a)));
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T And(T a, T b) => sizeof(T) == 4 ? Bits(I(a) & I(b)) : Bits(L(a) & L(b));
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Or(T a, T b) => sizeof(T) == 4 ? Bits(I(a) | I(b)) : Bits(L(a) | L(b));
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Select(T mask, T yes, T no) => IsSet(mask) ? yes : no;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Less(T a, T b) => Mask(typeof(T) == typeof(float) ? F(a) < F(b) : D(a) < D(b));
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T LessEqual(T a, T b) => Mask(typeof(T) == typeof(float) ? F(a) <= F(b) : D(a) <= D(b));
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Equal(T a, T b) => Mask(typeof(T) == typeof(float) ? F(a) == F(b) : D(a) == D(b));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Sum(T a) => a;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T MaxLane(T a) => a;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T MinLane(T a) => a;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Lane(T a, int i) => a;
    // In two factors, which reach the denormals and infinity.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Scale(T a, T n)
    {
        var half = Round(Mul(n, Const(0.5)));
        return Mul(Mul(a, Pow2(half)), Pow2(Sub(n, half)));
    }
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Pow2(T n) => typeof(T) == typeof(float)
        ? Bits((float.ConvertToIntegerNative<int>(F(n)) + 127) << 23)
        : Bits((double.ConvertToIntegerNative<long>(D(n)) + 1023) << 52);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Keep(T v, uint* words, uint threshold) => *words >= threshold ? v : default;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Split(T a, out T e)
    {
        var exponent = (I(a) - 0x3f3504f3) >> 23;
        e = From((float)exponent);
        return Bits(I(a) - (exponent << 23));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)] private static float F(T a) => Unsafe.BitCast<T, float>(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] private static double D(T a) => Unsafe.BitCast<T, double>(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] private static int I(T a) => Unsafe.BitCast<T, int>(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] private static long L(T a) => Unsafe.BitCast<T, long>(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] private static T From(float a) => Unsafe.BitCast<float, T>(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] private static T From(double a) => Unsafe.BitCast<double, T>(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] private static T Bits(int bits) => Unsafe.BitCast<int, T>(bits);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Bits(long bits) => Unsafe.BitCast<long, T>(bits);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Mask(bool set) => sizeof(T) == 4 ? Bits(set ? -1 : 0) : Bits(set ? -1L : 0L);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsSet(T mask) => sizeof(T) == 4 ? I(mask) != 0 : L(mask) != 0;
}
