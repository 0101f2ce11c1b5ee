using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using ILGPU;
using ILGPU.Runtime;

namespace AmcEngine.Backends.Gpu.Kernels;

// The optimizer's step. Layout: flat, up to eight tensors a launch. Fused: decay, both moments, bias corrections and
// the update, in one pass, in the CPU back end's order of operations. A lane takes a few integer operations to find its
// tensor. Traffic: p, m, v read and written once, g read once. With moving averages (TAverage) in the same pass only
// the average is read and written more.

/// <summary>What a step does to all weights.</summary>
internal sealed class OptimizerKernels(GpuContext context) : GpuKernels(context), IOptimizerKernels
{
    /// <inheritdoc/>
    public void Run(in AdamWArgs args)
    {
        var tensors = args.Tensors;
        for (var from = 0; from < tensors.Length;)
        {
            var (wide, average) = (tensors[from].P.DType == DType.F64, tensors[from].Average is not null);
            if (wide && average) AdamW<double, F64, Yes>(tensors, ref from, args.Step);
            else if (wide) AdamW<double, F64, No>(tensors, ref from, args.Step);
            else if (average) AdamW<float, F32, Yes>(tensors, ref from, args.Step);
            else AdamW<float, F32, No>(tensors, ref from, args.Step);
        }
    }

    // Takes as many tensors as one launch serves. What depends on the step alone is computed in f64.
    private void AdamW<T, R, TAverage>(ReadOnlySpan<AdamWTensors> tensors, ref int from, in AdamWStep step)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TAverage : struct, IFlag
    {
        var kernel = new AdamWKernel<T, R, TAverage>.Args
        {
            Keep = T.CreateTruncating(1 - step.LearningRate * step.WeightDecay),
            First = T.CreateTruncating(1 - step.Beta1),
            Beta2 = T.CreateTruncating(step.Beta2),
            Second = T.CreateTruncating(1 - step.Beta2),
            Rate = T.CreateTruncating(-step.LearningRate / (1 - Math.Pow(step.Beta1, step.Step))),
            Root = T.CreateTruncating(1 / Math.Sqrt(1 - Math.Pow(step.Beta2, step.Step))),
            Eps = T.CreateTruncating(step.Eps),
            Average = T.CreateTruncating(step.AverageWeight),
        };
        var quads = true;
        for (var i = from; i < tensors.Length && i < from + Batch<AdamWSlot<T>>.Size; i++)
            quads &= Quads<T>(
                tensors[i].P, tensors[i].G, tensors[i].M, tensors[i].V, tensors[i].Average ?? tensors[i].P);
        var dtype = tensors[from].P.DType;
        for (; from < tensors.Length && tensors[from].P.DType == dtype
            && tensors[from].Average is not null == TAverage.Value; from++)
        {
            var (p, g, m, v, average) = tensors[from];
            var slot = new AdamWSlot<T>
            {
                P = View<T>(p),
                G = View<T>(g),
                M = View<T>(m),
                V = View<T>(v),
                Y = average is null ? default : View<T>(average),
            };
            if (!kernel.Slots.Add(slot, quads ? QuadsOf(p.Count) : p.Count)) break;
        }
        if (quads)
            LaunchOver<AdamWQuadsKernel<T, R, TAverage>, AdamWKernel<T, R, TAverage>.Args>(kernel.Slots.End, kernel);
        else LaunchOver<AdamWKernel<T, R, TAverage>, AdamWKernel<T, R, TAverage>.Args>(kernel.Slots.End, kernel);
    }

    /// <inheritdoc/>
    public void Run(in LerpArgs args)
    {
        var pairs = args.Pairs;
        for (var from = 0; from < pairs.Length;)
            if (pairs[from].Y.DType == DType.F64) Lerp<double, F64>(pairs, ref from, args.Weight);
            else Lerp<float, F32>(pairs, ref from, args.Weight);
    }

    // Takes as many pairs as one launch serves.
    private void Lerp<T, R>(ReadOnlySpan<TensorPair> pairs, ref int from, double weight)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var args = new LerpKernel<T, R>.Args { Weight = T.CreateTruncating(weight) };
        var quads = true;
        for (var i = from; i < pairs.Length && i < from + Batch<LerpSlot<T>>.Size; i++)
            quads &= Quads<T>(pairs[i].X, pairs[i].Y);
        var dtype = pairs[from].Y.DType;
        for (; from < pairs.Length && pairs[from].Y.DType == dtype; from++)
        {
            var (x, y) = pairs[from];
            if (!args.Slots.Add(new LerpSlot<T> { X = View<T>(x), Y = View<T>(y) }, quads ? QuadsOf(y.Count) : y.Count))
                break;
        }
        if (quads) LaunchOver<LerpQuadsKernel<T, R>, LerpKernel<T, R>.Args>(args.Slots.End, args);
        else LaunchOver<LerpKernel<T, R>, LerpKernel<T, R>.Args>(args.Slots.End, args);
    }
}

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
internal readonly struct AdamWKernel<T, R, TAverage> : IDeviceKernel<AdamWKernel<T, R, TAverage>.Args>
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
internal readonly struct AdamWQuadsKernel<T, R, TAverage> : IDeviceKernel<AdamWKernel<T, R, TAverage>.Args>
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

/// <summary>Operands of one average: a slot of a <see cref="Batch{S}"/>.</summary>
internal struct LerpSlot<T> where T : unmanaged
{
    public ArrayView<T> X;
    public ArrayView<T> Y;
}

/// <summary>y += weight·(x − y), for up to eight pairs of tensors in one launch.</summary>
internal readonly struct LerpKernel<T, R> : IDeviceKernel<LerpKernel<T, R>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
{
    /// <summary>The kernel's operands.</summary>
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
internal readonly struct LerpQuadsKernel<T, R> : IDeviceKernel<LerpKernel<T, R>.Args>
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
