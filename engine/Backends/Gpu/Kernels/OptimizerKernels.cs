using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using ILGPU;
using ILGPU.Runtime;

namespace AmcEngine.Backends.Gpu.Kernels;

// The optimizer's step. Layout: flat, up to eight tensors a launch. Fused: decay, both moments, bias corrections and the update,
// in one pass, in the CPU back end's order of operations. Cost: 12 FLOP, a square root and a division an element, and a few integer
// operations to find its tensor; p, m, v read and written once, g read once. With moving averages (TAverage) in the same pass: 3 FLOP
// more, and only the average is read and written more.

/// <summary>Tensors of one parameter: a slot of a <see cref="Batch{S}"/>.</summary>
internal struct AdamWSlot<T> where T : unmanaged
{
    public ArrayView<T> P;
    public ArrayView<T> G;
    public ArrayView<T> M;
    public ArrayView<T> V;

    /// <summary>Moving average; not there without.</summary>
    public ArrayView<T> Y;
}

/// <summary>One step of AdamW, an element a lane.</summary>
internal readonly struct AdamWKernel<T, R, TAverage> : IKernel<AdamWKernel<T, R, TAverage>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TAverage : struct, IFlag
{
    /// <summary>Arguments; the numbers depend on the step alone.</summary>
    public struct Args
    {
        public Batch<AdamWSlot<T>> Slots;

        /// <summary>1 − lr·decay.</summary>
        public T Keep;

        /// <summary>1 − β₁.</summary>
        public T First;

        public T Beta2;

        /// <summary>1 − β₂.</summary>
        public T Second;

        /// <summary>−lr/(1 − β₁ᵗ).</summary>
        public T Rate;

        /// <summary>1/√(1 − β₂ᵗ).</summary>
        public T Root;

        public T Eps;

        /// <summary>How far averages move.</summary>
        public T Average;
    }

    public static void Run(Args a)
    {
        for (var i = Grid.GlobalIndex.X; i < a.Slots.End; i += Grid.DimX * Group.DimX)
        {
            var slot = Batch<AdamWSlot<T>>.Find(a.Slots, i, out var at);
            Element(a, slot, at);
        }
    }

    /// <summary>One element of one tensor.</summary>
    public static void Element(Args a, AdamWSlot<T> slot, int at)
    {
        T p = slot.P[at], m = slot.M[at], v = slot.V[at];
        Update(a, slot.G[at], ref p, ref m, ref v);
        slot.P[at] = p;
        slot.M[at] = m;
        slot.V[at] = v;
        if (TAverage.Value) slot.Y[at] = Moved(a, p, slot.Y[at]);
    }

    /// <summary>The formula.</summary>
    public static void Update(Args a, T gradient, ref T weight, ref T mean, ref T square)
    {
        mean = R.Fma(a.First, gradient - mean, mean);
        square = R.Fma(a.Second * gradient, gradient, a.Beta2 * square);
        var step = mean / R.Fma(R.Sqrt(square), a.Root, a.Eps);
        weight = R.Fma(a.Rate, step, weight * a.Keep);
    }

    /// <summary>An average, moved towards the new weight.</summary>
    public static T Moved(Args a, T weight, T average) => R.Fma(a.Average, weight - average, average);
}

/// <summary>The same by quads, where all tensors start at a multiple of 16 bytes; a batch counts quads.</summary>
internal readonly struct AdamWQuadsKernel<T, R, TAverage> : IKernel<AdamWKernel<T, R, TAverage>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TAverage : struct, IFlag
{
    public static void Run(AdamWKernel<T, R, TAverage>.Args a)
    {
        for (var i = Grid.GlobalIndex.X; i < a.Slots.End; i += Grid.DimX * Group.DimX)
        {
            var slot = Batch<AdamWSlot<T>>.Find(a.Slots, i, out var at);
            if (4 * at + 3 < slot.P.IntLength)
            {
                var ps = slot.P.AsAligned(16).Cast<Quad<T>>();
                var ms = slot.M.AsAligned(16).Cast<Quad<T>>();
                var vs = slot.V.AsAligned(16).Cast<Quad<T>>();
                Quad<T> p = ps[at], g = slot.G.AsAligned(16).Cast<Quad<T>>()[at], m = ms[at], v = vs[at];
                AdamWKernel<T, R, TAverage>.Update(a, g.X, ref p.X, ref m.X, ref v.X);
                AdamWKernel<T, R, TAverage>.Update(a, g.Y, ref p.Y, ref m.Y, ref v.Y);
                AdamWKernel<T, R, TAverage>.Update(a, g.Z, ref p.Z, ref m.Z, ref v.Z);
                AdamWKernel<T, R, TAverage>.Update(a, g.W, ref p.W, ref m.W, ref v.W);
                ps[at] = p;
                ms[at] = m;
                vs[at] = v;
                if (TAverage.Value)
                {
                    var ys = slot.Y.AsAligned(16).Cast<Quad<T>>();
                    var y = ys[at];
                    y.X = AdamWKernel<T, R, TAverage>.Moved(a, p.X, y.X);
                    y.Y = AdamWKernel<T, R, TAverage>.Moved(a, p.Y, y.Y);
                    y.Z = AdamWKernel<T, R, TAverage>.Moved(a, p.Z, y.Z);
                    y.W = AdamWKernel<T, R, TAverage>.Moved(a, p.W, y.W);
                    ys[at] = y;
                }
            }
            else
            {
                for (var j = 4 * at; j < slot.P.IntLength; j++) AdamWKernel<T, R, TAverage>.Element(a, slot, j);
            }
        }
    }
}
