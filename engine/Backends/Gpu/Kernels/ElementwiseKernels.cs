using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

// Elementwise functions. Layout: flat; lanes stride over the elements. The function is a struct (ElementwiseOps.cs), so that
// each combination is a kernel of its own. Nothing is accumulated. Cost: 1 to 40 FLOP an element; bytes: every operand once, the
// result once, so that these run at memory speed.

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
