using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AmcEngine.Backends.Cpu.Simd;

/// <summary>128-bit vectors.</summary>
internal readonly unsafe struct Simd128<T> : ISimd<Vector128<T>, T> where T : unmanaged
{
    public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => Vector128<T>.Count; }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> Load(T* p) => Vector128.Load(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(Vector128<T> v, T* p) => v.Store(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Stream(Vector128<T> v, T* p) => v.StoreAlignedNonTemporal(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Mask(int n) => sizeof(T) == 4
        ? Vector128.LessThan(Vector128<int>.Indices, Vector128.Create(n)).As<int, T>()
        : Vector128.LessThan(Vector128<long>.Indices, Vector128.Create((long)n)).As<long, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> LoadMasked(T* p, Vector128<T> mask) =>
        Partial.Load(p, Lanes(mask), default(Vector128<T>));
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreMasked(Vector128<T> v, T* p, Vector128<T> mask) => Partial.Store(v, p, Lanes(mask));
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> LoadPartial(T* p, int n, Vector128<T> fill) => Partial.Load(p, n, fill);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePartial(Vector128<T> v, T* p, int n) => Partial.Store(v, p, n);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Lanes(Vector128<T> mask) => BitOperations.PopCount(mask.ExtractMostSignificantBits());
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Set(T value) => Vector128.Create(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Const(double value) => typeof(T) == typeof(float) ? Vector128.Create((float)value)
        .As<float, T>() : Vector128.Create(value).As<double, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Add(Vector128<T> a, Vector128<T> b) => a + b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Sub(Vector128<T> a, Vector128<T> b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Mul(Vector128<T> a, Vector128<T> b) => a * b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Div(Vector128<T> a, Vector128<T> b) => a / b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Fma(Vector128<T> a, Vector128<T> b, Vector128<T> c) => typeof(T) == typeof(float)
        ? Vector128.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).As<float, T>()
        : Vector128.FusedMultiplyAdd(a.AsDouble(), b.AsDouble(), c.AsDouble()).As<double, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> MulAdd(Vector128<T> a, Vector128<T> b, Vector128<T> c) => typeof(T) == typeof(float)
        ? Vector128.MultiplyAddEstimate(a.AsSingle(), b.AsSingle(), c.AsSingle()).As<float, T>()
        : Vector128.MultiplyAddEstimate(a.AsDouble(), b.AsDouble(), c.AsDouble()).As<double, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Sqrt(Vector128<T> a) => Vector128.Sqrt(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Abs(Vector128<T> a) => Vector128.Abs(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Max(Vector128<T> a, Vector128<T> b) => Vector128.Max(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Min(Vector128<T> a, Vector128<T> b) => Vector128.Min(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> MaxFast(Vector128<T> a, Vector128<T> b) => Vector128.MaxNative(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> MinFast(Vector128<T> a, Vector128<T> b) => Vector128.MinNative(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Round(Vector128<T> a) => typeof(T) == typeof(float) ? Vector128.Round(a.AsSingle())
        .As<float, T>() : Vector128.Round(a.AsDouble()).As<double, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> And(Vector128<T> a, Vector128<T> b) => a & b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Or(Vector128<T> a, Vector128<T> b) => a | b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Select(Vector128<T> mask, Vector128<T> yes, Vector128<T> no) =>
        Vector128.ConditionalSelect(mask, yes, no);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Less(Vector128<T> a, Vector128<T> b) => Vector128.LessThan(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> LessEqual(Vector128<T> a, Vector128<T> b) => Vector128.LessThanOrEqual(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Equal(Vector128<T> a, Vector128<T> b) => Vector128.Equals(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Sum(Vector128<T> a) => Vector128.Sum(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T MaxLane(Vector128<T> a)
    {
        a = Vector128.Max(a, Vector128.Shuffle(a.AsInt64(), Vector128.Create(1L, 0)).As<long, T>());
        return typeof(T) == typeof(float) ? Vector128.Max(
            a, Vector128.Shuffle(a.AsInt32(), Vector128.Create(1, 0, 3, 2)).As<int, T>()).ToScalar() : a.ToScalar();
    }
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T MinLane(Vector128<T> a)
    {
        a = Vector128.Min(a, Vector128.Shuffle(a.AsInt64(), Vector128.Create(1L, 0)).As<long, T>());
        return typeof(T) == typeof(float) ? Vector128.Min(
            a, Vector128.Shuffle(a.AsInt32(), Vector128.Create(1, 0, 3, 2)).As<int, T>()).ToScalar() : a.ToScalar();
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
            return (a.AsInt64() + Vector128.ShiftLeft(part, 52))
                .As<long, T>() * (Vector128.ShiftLeft(whole - part, 52) + Vector128.Create(1023L << 52)).As<long, T>();
        }
        var i = Vector128.ConvertToInt32Native(n.AsSingle());
        var half = Vector128.ShiftRightArithmetic(i, 1);
        return (a.AsInt32() + Vector128.ShiftLeft(half, 23))
            .As<int, T>() * (Vector128.ShiftLeft(i - half, 23) + Vector128.Create(127 << 23)).As<int, T>();
    }
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Keep(Vector128<T> v, uint* words, uint threshold) => typeof(T) == typeof(float)
        ? v & Vector128.GreaterThanOrEqual(Vector128.Load(words), Vector128.Create(threshold)).As<uint, T>()
        : v & Vector128.GreaterThanOrEqual(
            Vector128.Create((ulong)words[0], words[1]), Vector128.Create((ulong)threshold)).As<ulong, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Split(Vector128<T> a, out Vector128<T> e)
    {
        var exponent = Vector128.ShiftRightArithmetic(a.AsInt32() - Vector128.Create(0x3f3504f3), 23);
        e = Vector128.ConvertToSingle(exponent).As<float, T>();
        return (a.AsInt32() - Vector128.ShiftLeft(exponent, 23)).As<int, T>();
    }
}
