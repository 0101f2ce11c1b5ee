using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using ILGPU;
using ILGPU.Runtime;

namespace AmcEngine.Backends.Gpu.Kernels;

// Elementwise functions. Layout: flat; lanes stride over the elements, or over quads of f32 where all operands start at a
// multiple of 16 bytes (the last elements that fill no quad go to the first lanes). The function is a struct (ElementwiseOps.cs),
// so that each combination is a kernel of its own. Nothing is accumulated but where y is an operand. Cost: 1 to 40 FLOP an
// element; bytes: every operand once, the result once, so that these run at memory speed.

/// <summary>y = f(x; p, q).</summary>
internal readonly struct MapKernel<T, R, O> : IKernel<MapKernel<T, R, O>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where O : struct, IUnaryOp
{
    /// <summary>Arguments.</summary>
    public struct Args
    {
        public ArrayView<T> X;
        public ArrayView<T> Y;
        public T P;
        public T Q;
        public int Count;
    }

    public static void Run(Args a)
    {
        for (var i = Grid.GlobalIndex.X; i < a.Count; i += Grid.DimX * Group.DimX) a.Y[i] = O.Apply<T, R>(a.X[i], a.P, a.Q);
    }
}

/// <summary>y = f(x; p, q) by quads.</summary>
internal readonly struct MapQuadsKernel<T, R, O> : IKernel<MapQuadsKernel<T, R, O>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where O : struct, IUnaryOp
{
    /// <summary>Arguments.</summary>
    public struct Args
    {
        public MapKernel<T, R, O>.Args Whole;
        public ArrayView<Quad<T>> X;
        public ArrayView<Quad<T>> Y;
    }

    public static void Run(Args a)
    {
        var first = Grid.GlobalIndex.X;
        var quads = a.Whole.Count / 4;
        T p = a.Whole.P, q = a.Whole.Q;
        for (var i = first; i < quads; i += Grid.DimX * Group.DimX)
        {
            var x = a.X[i];
            x.X = O.Apply<T, R>(x.X, p, q);
            x.Y = O.Apply<T, R>(x.Y, p, q);
            x.Z = O.Apply<T, R>(x.Z, p, q);
            x.W = O.Apply<T, R>(x.W, p, q);
            a.Y[i] = x;
        }
        var rest = 4 * quads + first;
        if (rest < a.Whole.Count) a.Whole.Y[rest] = O.Apply<T, R>(a.Whole.X[rest], p, q);
    }
}

/// <summary>y = f(a, b), each operand of y's size (stride 1) or one element (stride 0).</summary>
internal readonly struct ZipKernel<T, R, O> : IKernel<ZipKernel<T, R, O>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where O : struct, IBinaryOp
{
    /// <summary>Arguments.</summary>
    public struct Args
    {
        public ArrayView<T> A;
        public ArrayView<T> B;
        public ArrayView<T> Y;
        public int StrideA;
        public int StrideB;
        public int Count;
    }

    public static void Run(Args a)
    {
        for (var i = Grid.GlobalIndex.X; i < a.Count; i += Grid.DimX * Group.DimX)
            a.Y[i] = O.Apply<T, R>(a.A[i * a.StrideA], a.B[i * a.StrideB]);
    }
}

/// <summary>y = f(a, b) by quads, both operands of y's size.</summary>
internal readonly struct ZipQuadsKernel<T, R, O> : IKernel<ZipQuadsKernel<T, R, O>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where O : struct, IBinaryOp
{
    /// <summary>Arguments.</summary>
    public struct Args
    {
        public ZipKernel<T, R, O>.Args Whole;
        public ArrayView<Quad<T>> A;
        public ArrayView<Quad<T>> B;
        public ArrayView<Quad<T>> Y;
    }

    public static void Run(Args a)
    {
        var first = Grid.GlobalIndex.X;
        var quads = a.Whole.Count / 4;
        for (var i = first; i < quads; i += Grid.DimX * Group.DimX)
        {
            var x = a.A[i];
            var y = a.B[i];
            x.X = O.Apply<T, R>(x.X, y.X);
            x.Y = O.Apply<T, R>(x.Y, y.Y);
            x.Z = O.Apply<T, R>(x.Z, y.Z);
            x.W = O.Apply<T, R>(x.W, y.W);
            a.Y[i] = x;
        }
        var rest = 4 * quads + first;
        if (rest < a.Whole.Count) a.Whole.Y[rest] = O.Apply<T, R>(a.Whole.A[rest], a.Whole.B[rest]);
    }
}

/// <summary>
/// y = f(a, b) with broadcasting over at most six merged axes: the innermost, along which an operand runs or
/// repeats, and up to five others. A bias or a column has one other axis and costs one division an element.
/// </summary>
internal readonly struct ZipBroadcastKernel<T, R, O> : IKernel<ZipBroadcastKernel<T, R, O>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where O : struct, IBinaryOp
{
    /// <summary>Arguments; axes are numbered outwards, those that are not there have extent 1.</summary>
    public struct Args
    {
        public ArrayView<T> A;
        public ArrayView<T> B;
        public ArrayView<T> Y;
        public uint Inner;
        public uint InnerA;
        public uint InnerB;
        public int Others;
        public uint Extent1;
        public int StrideA1;
        public int StrideB1;
        public uint Extent2;
        public int StrideA2;
        public int StrideB2;
        public uint Extent3;
        public int StrideA3;
        public int StrideB3;
        public uint Extent4;
        public int StrideA4;
        public int StrideB4;
        public uint Extent5;
        public int StrideA5;
        public int StrideB5;
        public int Count;
    }

    public static void Run(Args a)
    {
        for (var i = Grid.GlobalIndex.X; i < a.Count; i += Grid.DimX * Group.DimX)
        {
            var row = (uint)i / a.Inner;
            var n = (uint)i - row * a.Inner;
            var atA = (int)(n * a.InnerA);
            var atB = (int)(n * a.InnerB);
            if (a.Others > 1)
            {
                row = AxisWalk.Enter(row, a.Extent1, a.StrideA1, a.StrideB1, ref atA, ref atB);
                row = AxisWalk.Enter(row, a.Extent2, a.StrideA2, a.StrideB2, ref atA, ref atB);
                if (a.Others > 3)
                {
                    row = AxisWalk.Enter(row, a.Extent3, a.StrideA3, a.StrideB3, ref atA, ref atB);
                    row = AxisWalk.Enter(row, a.Extent4, a.StrideA4, a.StrideB4, ref atA, ref atB);
                    AxisWalk.Enter(row, a.Extent5, a.StrideA5, a.StrideB5, ref atA, ref atB);
                }
                else
                {
                    AxisWalk.Enter(row, a.Extent3, a.StrideA3, a.StrideB3, ref atA, ref atB);
                }
            }
            else
            {
                atA += (int)row * a.StrideA1;
                atB += (int)row * a.StrideB1;
            }
            a.Y[i] = O.Apply<T, R>(a.A[atA], a.B[atB]);
        }
    }
}

/// <summary>y += alpha·x.</summary>
internal readonly struct AddScaledKernel<T, R> : IKernel<AddScaledKernel<T, R>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
{
    /// <summary>Arguments.</summary>
    public struct Args
    {
        public ArrayView<T> X;
        public ArrayView<T> Y;
        public T Alpha;
        public int Count;
    }

    public static void Run(Args a)
    {
        for (var i = Grid.GlobalIndex.X; i < a.Count; i += Grid.DimX * Group.DimX) a.Y[i] = R.Fma(a.Alpha, a.X[i], a.Y[i]);
    }
}

/// <summary>y += alpha·x by quads.</summary>
internal readonly struct AddScaledQuadsKernel<T, R> : IKernel<AddScaledQuadsKernel<T, R>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
{
    /// <summary>Arguments.</summary>
    public struct Args
    {
        public AddScaledKernel<T, R>.Args Whole;
        public ArrayView<Quad<T>> X;
        public ArrayView<Quad<T>> Y;
    }

    public static void Run(Args a)
    {
        var first = Grid.GlobalIndex.X;
        var quads = a.Whole.Count / 4;
        var alpha = a.Whole.Alpha;
        for (var i = first; i < quads; i += Grid.DimX * Group.DimX)
        {
            var x = a.X[i];
            var y = a.Y[i];
            y.X = R.Fma(alpha, x.X, y.X);
            y.Y = R.Fma(alpha, x.Y, y.Y);
            y.Z = R.Fma(alpha, x.Z, y.Z);
            y.W = R.Fma(alpha, x.W, y.W);
            a.Y[i] = y;
        }
        var rest = 4 * quads + first;
        if (rest < a.Whole.Count) a.Whole.Y[rest] = R.Fma(alpha, a.Whole.X[rest], a.Whole.Y[rest]);
    }
}

/// <summary>Operands of one average: a slot of a <see cref="Batch{S}"/>.</summary>
internal struct LerpSlot<T> where T : unmanaged
{
    public ArrayView<T> X;
    public ArrayView<T> Y;
}

/// <summary>y += weight·(x − y), for up to eight pairs of tensors in one launch.</summary>
internal readonly struct LerpKernel<T, R> : IKernel<LerpKernel<T, R>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
{
    /// <summary>Arguments.</summary>
    public struct Args
    {
        public Batch<LerpSlot<T>> Slots;
        public T Weight;
    }

    public static void Run(Args a)
    {
        for (var i = Grid.GlobalIndex.X; i < a.Slots.End; i += Grid.DimX * Group.DimX)
        {
            var slot = Batch<LerpSlot<T>>.Find(a.Slots, i, out var at);
            var old = slot.Y[at];
            slot.Y[at] = R.Fma(a.Weight, slot.X[at] - old, old);
        }
    }
}

/// <summary>The same by quads, where all tensors start at a multiple of 16 bytes; a batch counts quads.</summary>
internal readonly struct LerpQuadsKernel<T, R> : IKernel<LerpKernel<T, R>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
{
    public static void Run(LerpKernel<T, R>.Args a)
    {
        for (var i = Grid.GlobalIndex.X; i < a.Slots.End; i += Grid.DimX * Group.DimX)
        {
            var slot = Batch<LerpSlot<T>>.Find(a.Slots, i, out var at);
            if (4 * at + 3 < slot.Y.IntLength)
            {
                var xs = slot.X.AsAligned(16).Cast<Quad<T>>();
                var ys = slot.Y.AsAligned(16).Cast<Quad<T>>();
                var x = xs[at];
                var y = ys[at];
                y.X = R.Fma(a.Weight, x.X - y.X, y.X);
                y.Y = R.Fma(a.Weight, x.Y - y.Y, y.Y);
                y.Z = R.Fma(a.Weight, x.Z - y.Z, y.Z);
                y.W = R.Fma(a.Weight, x.W - y.W, y.W);
                ys[at] = y;
            }
            else
            {
                for (var j = 4 * at; j < slot.Y.IntLength; j++)
                {
                    var old = slot.Y[j];
                    slot.Y[j] = R.Fma(a.Weight, slot.X[j] - old, old);
                }
            }
        }
    }
}
