using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AmcEngine.Backends.Cpu.Simd;

/// <summary>256-bit vectors.</summary>
internal readonly unsafe struct Simd256<T> : ISimd<Vector256<T>, T> where T : unmanaged
{
    public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => Vector256<T>.Count; }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> Load(T* p) => Vector256.Load(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(Vector256<T> v, T* p) => v.Store(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Stream(Vector256<T> v, T* p) => v.StoreAlignedNonTemporal(p);
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
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> LoadPartial(T* p, int n, Vector256<T> fill) =>
        Select(Mask(n), LoadMasked(p, Mask(n)), fill);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePartial(Vector256<T> v, T* p, int n) => StoreMasked(v, p, Mask(n));
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Set(T value) => Vector256.Create(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Const(double value) => typeof(T) == typeof(float) ? Vector256.Create((float)value)
        .As<float, T>() : Vector256.Create(value).As<double, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Add(Vector256<T> a, Vector256<T> b) => a + b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Sub(Vector256<T> a, Vector256<T> b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Mul(Vector256<T> a, Vector256<T> b) => a * b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Div(Vector256<T> a, Vector256<T> b) => a / b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Fma(Vector256<T> a, Vector256<T> b, Vector256<T> c) => typeof(T) == typeof(float)
        ? Vector256.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).As<float, T>()
        : Vector256.FusedMultiplyAdd(a.AsDouble(), b.AsDouble(), c.AsDouble()).As<double, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> MulAdd(Vector256<T> a, Vector256<T> b, Vector256<T> c) => Fma(a, b, c);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Sqrt(Vector256<T> a) => Vector256.Sqrt(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Abs(Vector256<T> a) => Vector256.Abs(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Max(Vector256<T> a, Vector256<T> b) => Vector256.Max(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Min(Vector256<T> a, Vector256<T> b) => Vector256.Min(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> MaxFast(Vector256<T> a, Vector256<T> b) => Vector256.MaxNative(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> MinFast(Vector256<T> a, Vector256<T> b) => Vector256.MinNative(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Round(Vector256<T> a) => typeof(T) == typeof(float) ? Vector256.Round(a.AsSingle())
        .As<float, T>() : Vector256.Round(a.AsDouble()).As<double, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> And(Vector256<T> a, Vector256<T> b) => a & b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Or(Vector256<T> a, Vector256<T> b) => a | b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Select(Vector256<T> mask, Vector256<T> yes, Vector256<T> no) =>
        Vector256.ConditionalSelect(mask, yes, no);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Less(Vector256<T> a, Vector256<T> b) => Vector256.LessThan(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> LessEqual(Vector256<T> a, Vector256<T> b) => Vector256.LessThanOrEqual(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Equal(Vector256<T> a, Vector256<T> b) => Vector256.Equals(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Sum(Vector256<T> a) => Vector256.Sum(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T MaxLane(Vector256<T> a) => Simd128<T>.MaxLane(Vector128.Max(a.GetLower(), a.GetUpper()));
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T MinLane(Vector256<T> a) => Simd128<T>.MinLane(Vector128.Min(a.GetLower(), a.GetUpper()));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Lane(Vector256<T> a, int i) => a.GetElement(i);
    // Half of n into the exponent's bits, the rest as a factor, which reaches the denormals and infinity.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Scale(Vector256<T> a, Vector256<T> n)
    {
        if (typeof(T) == typeof(double))
        {
            var whole = Vector256.ConvertToInt64Native(n.AsDouble());
            var part = Vector256.ShiftRightArithmetic(whole, 1);
            return (a.AsInt64() + Vector256.ShiftLeft(part, 52))
                .As<long, T>() * (Vector256.ShiftLeft(whole - part, 52) + Vector256.Create(1023L << 52)).As<long, T>();
        }
        var i = Vector256.ConvertToInt32Native(n.AsSingle());
        var half = Vector256.ShiftRightArithmetic(i, 1);
        return (a.AsInt32() + Vector256.ShiftLeft(half, 23))
            .As<int, T>() * (Vector256.ShiftLeft(i - half, 23) + Vector256.Create(127 << 23)).As<int, T>();
    }
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Keep(Vector256<T> v, uint* words, uint threshold) => typeof(T) == typeof(float)
        ? v & Vector256.GreaterThanOrEqual(Vector256.Load(words), Vector256.Create(threshold)).As<uint, T>()
        : v & Vector256.GreaterThanOrEqual(Vector256.Create(Vector128.WidenLower(Vector128.Load(words)),
            Vector128.WidenUpper(Vector128.Load(words))), Vector256.Create((ulong)threshold)).As<ulong, T>();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Split(Vector256<T> a, out Vector256<T> e)
    {
        var exponent = Vector256.ShiftRightArithmetic(a.AsInt32() - Vector256.Create(0x3f3504f3), 23);
        e = Vector256.ConvertToSingle(exponent).As<float, T>();
        return (a.AsInt32() - Vector256.ShiftLeft(exponent, 23)).As<int, T>();
    }
}
