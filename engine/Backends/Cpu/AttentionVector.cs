using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AmcEngine.Backends.Cpu;

/// <summary>What the row kernels of attention need beside <see cref="IGemmVector{V, T}"/>.</summary>
internal unsafe interface IRowVector<V, T> : IGemmVector<V, T> where V : unmanaged where T : unmanaged
{
    static abstract V Sub(V a, V b);

    /// <summary>One instruction; <paramref name="b"/> where either is NaN.</summary>
    static abstract V Max(V a, V b);
    static abstract V Exp(V a);
    static abstract T Sum(V a);
    static abstract T Largest(V a);

    /// <summary>v in the lanes whose random word is at least the threshold, else 0.</summary>
    static abstract V Keep(V v, uint* words, uint threshold);
}

internal readonly unsafe partial struct GemmVector512<T> : IRowVector<Vector512<T>, T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> Sub(Vector512<T> a, Vector512<T> b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> Max(Vector512<T> a, Vector512<T> b) => Vector512.MaxNative(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Exp(Vector512<T> a) => typeof(T) == typeof(float) ? GemmMath.Exp(a.AsSingle()).As<float, T>() : ExpEach(a);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector512<T> ExpEach(Vector512<T> a)
    {
        for (var i = 0; i < Vector512<T>.Count; i++) a = a.WithElement(i, GemmMath.Exp(a.GetElement(i)));
        return a;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Sum(Vector512<T> a) => Vector512.Sum(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Largest(Vector512<T> a) => GemmVector256<T>.Largest(Vector256.MaxNative(a.GetLower(), a.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Keep(Vector512<T> v, uint* words, uint threshold) => typeof(T) == typeof(float)
        ? v & Vector512.GreaterThanOrEqual(Vector512.Load(words), Vector512.Create(threshold)).As<uint, T>()
        : v & Vector512.GreaterThanOrEqual(Vector512.Create(Vector256.WidenLower(Vector256.Load(words)), Vector256.WidenUpper(Vector256.Load(words))), Vector512.Create((ulong)threshold)).As<ulong, T>();
}

internal readonly unsafe partial struct GemmVector256<T> : IRowVector<Vector256<T>, T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> Sub(Vector256<T> a, Vector256<T> b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> Max(Vector256<T> a, Vector256<T> b) => Vector256.MaxNative(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Exp(Vector256<T> a) => typeof(T) == typeof(float) ? GemmMath.Exp(a.AsSingle()).As<float, T>() : ExpEach(a);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector256<T> ExpEach(Vector256<T> a)
    {
        for (var i = 0; i < Vector256<T>.Count; i++) a = a.WithElement(i, GemmMath.Exp(a.GetElement(i)));
        return a;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Sum(Vector256<T> a) => Vector256.Sum(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Largest(Vector256<T> a) => GemmVector128<T>.Largest(Vector128.MaxNative(a.GetLower(), a.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Keep(Vector256<T> v, uint* words, uint threshold) => typeof(T) == typeof(float)
        ? v & Vector256.GreaterThanOrEqual(Vector256.Load(words), Vector256.Create(threshold)).As<uint, T>()
        : v & Vector256.GreaterThanOrEqual(Vector256.Create(Vector128.WidenLower(Vector128.Load(words)), Vector128.WidenUpper(Vector128.Load(words))), Vector256.Create((ulong)threshold)).As<ulong, T>();
}

internal readonly unsafe partial struct GemmVector128<T> : IRowVector<Vector128<T>, T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> Sub(Vector128<T> a, Vector128<T> b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> Max(Vector128<T> a, Vector128<T> b) => Vector128.MaxNative(a, b);
    public static Vector128<T> Exp(Vector128<T> a)
    {
        for (var i = 0; i < Vector128<T>.Count; i++) a = a.WithElement(i, GemmMath.Exp(a.GetElement(i)));
        return a;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Sum(Vector128<T> a) => Vector128.Sum(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Largest(Vector128<T> a)
    {
        a = Vector128.MaxNative(a, Vector128.Shuffle(a.AsInt64(), Vector128.Create(1L, 0)).As<long, T>());
        if (sizeof(T) == 4) a = Vector128.MaxNative(a, Vector128.Shuffle(a.AsInt32(), Vector128.Create(1, 0, 3, 2)).As<int, T>());
        return a.ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Keep(Vector128<T> v, uint* words, uint threshold) => typeof(T) == typeof(float)
        ? v & Vector128.GreaterThanOrEqual(Vector128.Load(words), Vector128.Create(threshold)).As<uint, T>()
        : v & Vector128.GreaterThanOrEqual(Vector128.Create((ulong)words[0], words[1]), Vector128.Create((ulong)threshold)).As<ulong, T>();
}

internal readonly unsafe partial struct GemmScalar<T> : IRowVector<T, T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Sub(T a, T b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Max(T a, T b) => a > b ? a : b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Exp(T a) => GemmMath.Exp(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Sum(T a) => a;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Largest(T a) => a;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Keep(T v, uint* words, uint threshold) => *words >= threshold ? v : T.Zero;
}
