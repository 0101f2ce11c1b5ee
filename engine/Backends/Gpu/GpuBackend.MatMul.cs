using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Gpu;

// Matrix products; see Kernels/Gemm*.cs.
public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public void MatMul(in MatMulArgs args)
    {
        if (args.M == 0 || args.N == 0 || args.Batch0 == 0 || args.Batch1 == 0) return;
        if (args.C.DType == DType.F64) MatMul<double, F64>(args);
        else MatMul<float, F32>(args);
    }

    private void MatMul<T, R>(in MatMulArgs args) where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var g = new GemmArgs<T>
        {
            A = View<T>(args.A),
            B = View<T>(args.B),
            C = View<T>(args.C),
            Bias = ViewOrEmpty<T>(args.Bias),
            PreActivation = ViewOrEmpty<T>(args.PreActivation),
            M = args.M,
            N = args.N,
            K = args.K,
            Lda = args.Lda,
            Ldb = args.Ldb,
            Ldc = args.Ldc,
            Entries = args.Batch0 * args.Batch1,
            Batch1 = args.Batch1,
            A0 = args.A0,
            A1 = args.A1,
            B0 = args.B0,
            B1 = args.B1,
            C0 = args.C0,
            C1 = args.C1,
            Alpha = T.CreateChecked(args.Alpha),
            Accumulate = args.Accumulate ? 1 : 0,
            HasBias = args.Bias is null ? 0 : 1,
            HasPreActivation = args.PreActivation is null ? 0 : 1,
            Gelu = args.Activation == Activation.Gelu ? 1 : 0,
            TilesM = (args.M + 3) / 4,
            TilesN = (args.N + 3) / 4,
            Splits = 1,
            Chunk = args.K,
        };
        var lanes = (long)g.TilesM * g.TilesN * g.Entries;
        if (args.TransA)
        {
            if (args.TransB) LaunchOver<GemmDirectKernel<T, R, Yes, Yes>, GemmArgs<T>>(lanes, g);
            else LaunchOver<GemmDirectKernel<T, R, Yes, No>, GemmArgs<T>>(lanes, g);
        }
        else
        {
            if (args.TransB) LaunchOver<GemmDirectKernel<T, R, No, Yes>, GemmArgs<T>>(lanes, g);
            else LaunchOver<GemmDirectKernel<T, R, No, No>, GemmArgs<T>>(lanes, g);
        }
    }
}
