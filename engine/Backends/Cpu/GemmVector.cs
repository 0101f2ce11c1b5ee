using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AmcEngine.Backends.Cpu;

/// <summary>
/// What the matrix micro-kernel needs of a vector register, so that one source serves 512, 256 and 128 bits and plain
/// scalars, f32 and f64. All are one instruction; masks select the first lanes at the edge of a matrix.
/// </summary>
internal unsafe interface IGemmVector<V, T> where V : unmanaged where T : unmanaged
{
    static abstract int Count { get; }
    static abstract V Load(T* p);
    static abstract void Store(T* p, V v);
    static abstract V Set(T value);
    static abstract V Mul(V a, V b);
    static abstract V Add(V a, V b);

    /// <summary>a·b + c, fused where the machine can.</summary>
    static abstract V Fma(V a, V b, V c);

    /// <summary>All bits set in the first <paramref name="n"/> lanes.</summary>
    static abstract V Mask(int n);

    /// <summary>Loads the masked lanes, others are zero; nothing beyond them is touched.</summary>
    static abstract V LoadMasked(T* p, V mask);

    /// <summary>Stores the masked lanes.</summary>
    static abstract void StoreMasked(T* p, V mask, V v);
}

/// <summary>AVX-512.</summary>
internal readonly unsafe partial struct GemmVector512<T> : IGemmVector<Vector512<T>, T> where T : unmanaged
{
    public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => Vector512<T>.Count; }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> Load(T* p) => Vector512.Load(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(T* p, Vector512<T> v) => v.Store(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> Set(T value) => Vector512.Create(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> Mul(Vector512<T> a, Vector512<T> b) => a * b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector512<T> Add(Vector512<T> a, Vector512<T> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Fma(Vector512<T> a, Vector512<T> b, Vector512<T> c) => typeof(T) == typeof(float)
        ? Vector512.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).As<float, T>()
        : Vector512.FusedMultiplyAdd(a.AsDouble(), b.AsDouble(), c.AsDouble()).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Mask(int n) => sizeof(T) == 4
        ? Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(n)).As<int, T>()
        : Vector512.LessThan(Vector512<long>.Indices, Vector512.Create((long)n)).As<long, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> LoadMasked(T* p, Vector512<T> mask) => typeof(T) == typeof(float)
        ? Avx512F.MaskLoad((float*)p, mask.AsSingle(), Vector512<float>.Zero).As<float, T>()
        : Avx512F.MaskLoad((double*)p, mask.AsDouble(), Vector512<double>.Zero).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreMasked(T* p, Vector512<T> mask, Vector512<T> v)
    {
        if (typeof(T) == typeof(float)) Avx512F.MaskStore((float*)p, mask.AsSingle(), v.AsSingle());
        else Avx512F.MaskStore((double*)p, mask.AsDouble(), v.AsDouble());
    }
}

/// <summary>AVX2 with FMA.</summary>
internal readonly unsafe partial struct GemmVector256<T> : IGemmVector<Vector256<T>, T> where T : unmanaged
{
    public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => Vector256<T>.Count; }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> Load(T* p) => Vector256.Load(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(T* p, Vector256<T> v) => v.Store(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> Set(T value) => Vector256.Create(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> Mul(Vector256<T> a, Vector256<T> b) => a * b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector256<T> Add(Vector256<T> a, Vector256<T> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Fma(Vector256<T> a, Vector256<T> b, Vector256<T> c) => typeof(T) == typeof(float)
        ? Vector256.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).As<float, T>()
        : Vector256.FusedMultiplyAdd(a.AsDouble(), b.AsDouble(), c.AsDouble()).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Mask(int n) => sizeof(T) == 4
        ? Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(n)).As<int, T>()
        : Vector256.LessThan(Vector256<long>.Indices, Vector256.Create((long)n)).As<long, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> LoadMasked(T* p, Vector256<T> mask) => typeof(T) == typeof(float)
        ? Avx.MaskLoad((float*)p, mask.AsSingle()).As<float, T>()
        : Avx.MaskLoad((double*)p, mask.AsDouble()).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreMasked(T* p, Vector256<T> mask, Vector256<T> v)
    {
        if (typeof(T) == typeof(float)) Avx.MaskStore((float*)p, mask.AsSingle(), v.AsSingle());
        else Avx.MaskStore((double*)p, mask.AsDouble(), v.AsDouble());
    }
}

/// <summary>128 bits: SSE without AVX2, or Arm. Masked access goes lane by lane.</summary>
internal readonly unsafe partial struct GemmVector128<T> : IGemmVector<Vector128<T>, T> where T : unmanaged
{
    public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => Vector128<T>.Count; }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> Load(T* p) => Vector128.Load(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(T* p, Vector128<T> v) => v.Store(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> Set(T value) => Vector128.Create(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> Mul(Vector128<T> a, Vector128<T> b) => a * b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static Vector128<T> Add(Vector128<T> a, Vector128<T> b) => a + b;

    // A fused product in software would be hundreds of times slower: estimate takes the instruction or two roundings.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Fma(Vector128<T> a, Vector128<T> b, Vector128<T> c) => typeof(T) == typeof(float)
        ? Vector128.MultiplyAddEstimate(a.AsSingle(), b.AsSingle(), c.AsSingle()).As<float, T>()
        : Vector128.MultiplyAddEstimate(a.AsDouble(), b.AsDouble(), c.AsDouble()).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Mask(int n) => sizeof(T) == 4
        ? Vector128.LessThan(Vector128<int>.Indices, Vector128.Create(n)).As<int, T>()
        : Vector128.LessThan(Vector128<long>.Indices, Vector128.Create((long)n)).As<long, T>();

    public static Vector128<T> LoadMasked(T* p, Vector128<T> mask)
    {
        var bits = Vector128.ExtractMostSignificantBits(mask);
        var v = Vector128<T>.Zero;
        for (var i = 0; i < Vector128<T>.Count; i++)
            if ((bits >> i & 1) != 0) v = v.WithElement(i, p[i]);
        return v;
    }

    public static void StoreMasked(T* p, Vector128<T> mask, Vector128<T> v)
    {
        var bits = Vector128.ExtractMostSignificantBits(mask);
        for (var i = 0; i < Vector128<T>.Count; i++)
            if ((bits >> i & 1) != 0) p[i] = v.GetElement(i);
    }
}

/// <summary>No vectors at all: one lane, so that an edge never needs a mask.</summary>
internal readonly unsafe partial struct GemmScalar<T> : IGemmVector<T, T> where T : unmanaged, System.Numerics.IFloatingPoint<T>
{
    public static int Count { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 1; }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Load(T* p) => *p;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(T* p, T v) => *p = v;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Set(T value) => value;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Mul(T a, T b) => a * b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Add(T a, T b) => a + b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Fma(T a, T b, T c) => a * b + c;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T Mask(int n) => T.One;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static T LoadMasked(T* p, T mask) => *p;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void StoreMasked(T* p, T mask, T v) => *p = v;
}
