using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Gpu;

// The optimizer's step; see Kernels/OptimizerKernels.cs.
public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public void AdamW(ReadOnlySpan<AdamWTensors> tensors, in AdamWArgs args)
    {
        for (var from = 0; from < tensors.Length;)
        {
            var (wide, average) = (tensors[from].P.DType == DType.F64, tensors[from].Average is not null);
            if (wide && average) AdamW<double, F64, Yes>(tensors, ref from, args);
            else if (wide) AdamW<double, F64, No>(tensors, ref from, args);
            else if (average) AdamW<float, F32, Yes>(tensors, ref from, args);
            else AdamW<float, F32, No>(tensors, ref from, args);
        }
    }

    // Takes as many tensors as one launch serves. What depends on the step alone is computed in f64.
    private void AdamW<T, R, TAverage>(ReadOnlySpan<AdamWTensors> tensors, ref int from, in AdamWArgs args)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TAverage : struct, IFlag
    {
        var kernel = new AdamWKernel<T, R, TAverage>.Args
        {
            Keep = T.CreateTruncating(1 - args.LearningRate * args.WeightDecay),
            First = T.CreateTruncating(1 - args.Beta1),
            Beta2 = T.CreateTruncating(args.Beta2),
            Second = T.CreateTruncating(1 - args.Beta2),
            Rate = T.CreateTruncating(-args.LearningRate / (1 - Math.Pow(args.Beta1, args.Step))),
            Root = T.CreateTruncating(1 / Math.Sqrt(1 - Math.Pow(args.Beta2, args.Step))),
            Eps = T.CreateTruncating(args.Eps),
            Average = T.CreateTruncating(args.AverageWeight),
        };
        var quads = true;
        for (var i = from; i < tensors.Length && i < from + Batch<AdamWSlot<T>>.Size; i++)
            quads &= Quads<T>(tensors[i].P, tensors[i].G, tensors[i].M, tensors[i].V, tensors[i].Average ?? tensors[i].P);
        var dtype = tensors[from].P.DType;
        for (; from < tensors.Length && tensors[from].P.DType == dtype && tensors[from].Average is not null == TAverage.Value; from++)
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
        if (quads) LaunchOver<AdamWQuadsKernel<T, R, TAverage>, AdamWKernel<T, R, TAverage>.Args>(kernel.Slots.End, kernel);
        else LaunchOver<AdamWKernel<T, R, TAverage>, AdamWKernel<T, R, TAverage>.Args>(kernel.Slots.End, kernel);
    }
}
