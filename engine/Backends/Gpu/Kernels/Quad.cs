using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Gpu.DeviceMath;

namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>Four neighbours in memory: one vector load or store (16 bytes of f32), and four registers.</summary>
internal struct Quad<T> where T : unmanaged
{
    public T X;
    public T Y;
    public T Z;
    public T W;
}

/// <summary>Arithmetic on <see cref="Quad{T}"/>, element by element.</summary>
internal static class Quad
{
    /// <summary>Four values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad<T> Of<T>(T x, T y, T z, T w) where T : unmanaged
    {
        Quad<T> q;
        q.X = x;
        q.Y = y;
        q.Z = z;
        q.W = w;
        return q;
    }

    /// <summary>Four zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad<T> Zero<T>() where T : unmanaged, IFloatingPointIeee754<T> => Of(T.Zero, T.Zero, T.Zero, T.Zero);

    /// <summary>a + b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad<T> Add<T>(Quad<T> a, Quad<T> b) where T : unmanaged, IFloatingPointIeee754<T> =>
        Of(a.X + b.X, a.Y + b.Y, a.Z + b.Z, a.W + b.W);

    /// <summary>a·b + c.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad<T> Fma<T, R>(T a, Quad<T> b, Quad<T> c)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> =>
        Of(R.Fma(a, b.X, c.X), R.Fma(a, b.Y, c.Y), R.Fma(a, b.Z, c.Z), R.Fma(a, b.W, c.W));
}
