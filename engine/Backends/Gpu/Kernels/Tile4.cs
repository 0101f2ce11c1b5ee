using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;

namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>Four rows of four values, in registers.</summary>
internal struct Tile4<T> where T : unmanaged
{
    public Quad<T> R0;
    public Quad<T> R1;
    public Quad<T> R2;
    public Quad<T> R3;
}

/// <summary>
/// Arithmetic on <see cref="Quad{T}"/> and <see cref="Tile4{T}"/>, element by element unless said otherwise.
/// </summary>
internal static class Tiles<T, R> where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
{
    public static Quad<T> Make(T x, T y, T z, T w)
    {
        Quad<T> v;
        v.X = x;
        v.Y = y;
        v.Z = z;
        v.W = w;
        return v;
    }

    public static Tile4<T> Make(Quad<T> r0, Quad<T> r1, Quad<T> r2, Quad<T> r3)
    {
        Tile4<T> v;
        v.R0 = r0;
        v.R1 = r1;
        v.R2 = r2;
        v.R3 = r3;
        return v;
    }

    public static Quad<T> Splat(T x) => Make(x, x, x, x);

    public static Tile4<T> SplatTile(T x) => Make(Splat(x), Splat(x), Splat(x), Splat(x));

    public static Quad<T> Add(Quad<T> a, Quad<T> b) => Make(a.X + b.X, a.Y + b.Y, a.Z + b.Z, a.W + b.W);

    public static Quad<T> Sub(Quad<T> a, Quad<T> b) => Make(a.X - b.X, a.Y - b.Y, a.Z - b.Z, a.W - b.W);

    public static Quad<T> Mul(Quad<T> a, Quad<T> b) => Make(a.X * b.X, a.Y * b.Y, a.Z * b.Z, a.W * b.W);

    public static Quad<T> Scale(Quad<T> a, T s) => Make(a.X * s, a.Y * s, a.Z * s, a.W * s);

    public static Quad<T> Fma(T a, Quad<T> b, Quad<T> c) =>
        Make(R.Fma(a, b.X, c.X), R.Fma(a, b.Y, c.Y), R.Fma(a, b.Z, c.Z), R.Fma(a, b.W, c.W));

    public static Quad<T> Max(Quad<T> a, Quad<T> b) =>
        Make(R.Max(a.X, b.X), R.Max(a.Y, b.Y), R.Max(a.Z, b.Z), R.Max(a.W, b.W));

    public static Quad<T> Exp(Quad<T> a) => Make(R.Exp(a.X), R.Exp(a.Y), R.Exp(a.Z), R.Exp(a.W));

    /// <summary>0 where −∞: what exponents are shifted by.</summary>
    public static Quad<T> Finite(Quad<T> a) => Make(Finite(a.X), Finite(a.Y), Finite(a.Z), Finite(a.W));

    private static T Finite(T a) => a == T.NegativeInfinity ? T.Zero : a;

    public static Tile4<T> Sub(Tile4<T> a, Tile4<T> b) =>
        Make(Sub(a.R0, b.R0), Sub(a.R1, b.R1), Sub(a.R2, b.R2), Sub(a.R3, b.R3));

    public static Tile4<T> Add(Tile4<T> a, Tile4<T> b) =>
        Make(Add(a.R0, b.R0), Add(a.R1, b.R1), Add(a.R2, b.R2), Add(a.R3, b.R3));

    public static Tile4<T> Mul(Tile4<T> a, Tile4<T> b) =>
        Make(Mul(a.R0, b.R0), Mul(a.R1, b.R1), Mul(a.R2, b.R2), Mul(a.R3, b.R3));

    public static Tile4<T> Scale(Tile4<T> a, T s) =>
        Make(Scale(a.R0, s), Scale(a.R1, s), Scale(a.R2, s), Scale(a.R3, s));

    /// <summary>Row r by component r of s.</summary>
    public static Tile4<T> ScaleRows(Tile4<T> a, Quad<T> s) =>
        Make(Scale(a.R0, s.X), Scale(a.R1, s.Y), Scale(a.R2, s.Z), Scale(a.R3, s.W));

    /// <summary>
    /// The rows move up, and a row comes in at the end: a loop of four fills or maps a tile with a quarter of the code.
    /// </summary>
    public static Tile4<T> Push(Tile4<T> a, Quad<T> row) => Make(a.R1, a.R2, a.R3, row);

    public static Tile4<T> Exp(Tile4<T> a)
    {
        for (var r = 0; r < 4; r++) a = Push(a, Exp(a.R0));
        return a;
    }

    /// <summary>Component r: the sum of row r.</summary>
    public static Quad<T> SumRows(Tile4<T> a) => Make(Sum(a.R0), Sum(a.R1), Sum(a.R2), Sum(a.R3));

    private static T Sum(Quad<T> a) => a.X + a.Y + (a.Z + a.W);

    /// <summary>Component r: the largest of row r.</summary>
    public static Quad<T> MaxRows(Tile4<T> a) => Make(Largest(a.R0), Largest(a.R1), Largest(a.R2), Largest(a.R3));

    private static T Largest(Quad<T> a) => R.Max(R.Max(a.X, a.Y), R.Max(a.Z, a.W));

    public static Tile4<T> Transpose(Tile4<T> a) => Make(
        Make(a.R0.X, a.R1.X, a.R2.X, a.R3.X),
        Make(a.R0.Y, a.R1.Y, a.R2.Y, a.R3.Y),
        Make(a.R0.Z, a.R1.Z, a.R2.Z, a.R3.Z),
        Make(a.R0.W, a.R1.W, a.R2.W, a.R3.W));

    /// <summary>c[r][n] + a[r]·b[n].</summary>
    public static Tile4<T> AddOuter(Tile4<T> c, Quad<T> a, Quad<T> b) =>
        Make(Fma(a.X, b, c.R0), Fma(a.Y, b, c.R1), Fma(a.Z, b, c.R2), Fma(a.W, b, c.R3));

    /// <summary>c[r][n] + Σ a[r][d]·b[n][d] over four d, in ascending order.</summary>
    public static Tile4<T> AddDots(Tile4<T> c, Tile4<T> a, Tile4<T> b)
    {
        var at = Transpose(a);
        var bt = Transpose(b);
        c = AddOuter(c, at.R0, bt.R0);
        c = AddOuter(c, at.R1, bt.R1);
        c = AddOuter(c, at.R2, bt.R2);
        return AddOuter(c, at.R3, bt.R3);
    }
}
