using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>
/// Matrix products: which kernel, in how many parts, and with which loads; the kernels are in the files Gemm*.cs.
/// </summary>
internal sealed class MatMulKernels(GpuContext context) : GpuKernels(context), IMatMulKernels
{
    /// <inheritdoc/>
    public void Run(in MatMulArgs args)
    {
        if (args.M == 0 || args.N == 0 || args.Batch0 == 0 || args.Batch1 == 0) return;
        if (args.C.DType == DType.F64) MatMul<double, F64>(args);
        else MatMul<float, F32>(args);
    }

    private void MatMul<T, R>(in MatMulArgs args)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var wide = args.C.DType == DType.F64;
        var entries = args.Batch0 * args.Batch1;
        var plan = Forced.Gemm ?? GemmPlan.Choose(
            Device.Target, Device.Accelerator.NumMultiprocessors, wide, args.M, args.N, args.K, entries);
        if (wide && plan.Variant == GemmVariant.Tile128) plan = plan with { Variant = GemmVariant.Tile64 };
        var product = Product<T>(args, entries, plan);
        var vector = plan.Vector && QuadsLieAligned(args.A, args.Lda, args.A0, args.A1)
            && QuadsLieAligned(args.B, args.Ldb, args.B0, args.B1);
        if (plan.Variant == GemmVariant.Direct || product.Splits == 1)
        {
            product.VectorC = QuadsLieAligned(args.C, args.Ldc, args.C0, args.C1)
                && (args.PreActivation is null || QuadsLieAligned(args.PreActivation, args.Ldc, args.C0, args.C1))
                ? 1
                : 0;
            Launch<T, R>(plan.Variant, product, args.TransA, args.TransB, vector, args.Activation);
            return;
        }
        using var partial = Tensor.Empty([product.Splits * entries * args.M * args.N], args.C.DType, Backend);
        Launch<T, R>(
            plan.Variant, Partial(product, View<T>(partial)), args.TransA, args.TransB, vector, Activation.None);
        Reduce<T, R>(product, View<T>(partial), args);
    }

    private static GemmArgs<T> Product<T>(in MatMulArgs args, int entries, GemmPlan plan)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (rows, columns) = GemmPlan.Tile(plan.Variant);
        var chunk = plan.Chunk(args.K);
        return new GemmArgs<T>
        {
            A = View<T>(args.A),
            B = View<T>(args.B),
            C = View<T>(args.C),
            Bias = ViewOrEmpty<T>(args.Bias),
            PreActivation = ViewOrEmpty<T>(args.PreActivation),
            Residual = ViewOrEmpty<T>(args.Residual),
            M = args.M,
            N = args.N,
            K = args.K,
            Lda = args.Lda,
            Ldb = args.Ldb,
            Ldc = args.Ldc,
            Entries = entries,
            Batch1 = args.Batch1,
            A0 = Stride(args.A0, args.Batch0),
            A1 = Stride(args.A1, args.Batch1),
            B0 = Stride(args.B0, args.Batch0),
            B1 = Stride(args.B1, args.Batch1),
            C0 = Stride(args.C0, args.Batch0),
            C1 = Stride(args.C1, args.Batch1),
            Alpha = T.CreateChecked(args.Alpha),
            Accumulate = args.Accumulate ? 1 : 0,
            HasBias = args.Bias is null ? 0 : 1,
            HasPreActivation = args.PreActivation is null ? 0 : 1,
            HasResidual = args.Residual is null ? 0 : 1,
            TilesM = (args.M + rows - 1) / rows,
            TilesN = (args.N + columns - 1) / columns,
            Splits = Math.Max(1, (args.K + chunk - 1) / chunk),
            Chunk = chunk,
        };
    }

    // A stride that leads to no second entry may be anything; the others stay within a tensor.
    private static int Stride(long stride, int extent) => extent > 1 ? checked((int)stride) : 0;

    // The sums of each part of K on their own, packed, without what follows a product.
    private static GemmArgs<T> Partial<T>(GemmArgs<T> product, ArrayView<T> partial)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        product.C = partial;
        product.Bias = product.PreActivation = product.Residual = ArrayView<T>.Empty;
        product.Ldc = product.N;
        product.C1 = product.M * product.N;
        product.C0 = product.C1 * product.Batch1;
        product.SplitStride = product.C1 * product.Entries;
        product.Alpha = T.One;
        product.Accumulate = product.HasBias = product.HasPreActivation = product.HasResidual = 0;
        product.VectorC = product.N % 4 == 0 ? 1 : 0;
        return product;
    }

    private void Reduce<T, R>(GemmArgs<T> product, ArrayView<T> partial, in MatMulArgs args)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        product.A = partial;
        product.B = ArrayView<T>.Empty;
        product.SplitStride = product.M * product.N * product.Entries;
        product.TilesN = (product.N + 3) / 4;
        product.VectorC = QuadsLieAligned(args.C, args.Ldc, args.C0, args.C1)
            && (args.PreActivation is null || QuadsLieAligned(args.PreActivation, args.Ldc, args.C0, args.C1)) ? 1 : 0;
        var quads = (long)product.Entries * product.M * product.TilesN;
        switch (args.Activation)
        {
            case Activation.None: Reduce<T, R, IdentityOp>(quads, product); break;
            case Activation.Gelu: Reduce<T, R, GeluOp>(quads, product); break;
            case Activation.QuickGelu: Reduce<T, R, QuickGeluOp>(quads, product); break;
            default: throw CannotApply(args.Activation);
        }
    }

    private void Reduce<T, R, TActivation>(long quads, in GemmArgs<T> product)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TActivation : struct, IUnaryOp
    {
        if (product.N % 4 == 0) LaunchOver<GemmReduceKernel<T, R, Yes, TActivation>, GemmArgs<T>>(quads, product);
        else LaunchOver<GemmReduceKernel<T, R, No, TActivation>, GemmArgs<T>>(quads, product);
    }

    private static EngineException CannotApply(Activation activation) =>
        new("matmul", $"the GPU back end cannot apply {activation}");

    // Whether every fourth element of every row starts 16 bytes.
    private static bool QuadsLieAligned(Tensor tensor, int stride, long outer, long inner) =>
        Aligned16(tensor) && stride % 4 == 0 && outer % 4 == 0 && inner % 4 == 0;

    private void Launch<T, R>(
        GemmVariant variant, in GemmArgs<T> g, bool transA, bool transB, bool vector, Activation activation)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        if (transA && transB) Launch<T, R, Yes, Yes>(variant, g, vector, activation);
        else if (transA) Launch<T, R, Yes, No>(variant, g, vector, activation);
        else if (transB) Launch<T, R, No, Yes>(variant, g, vector, activation);
        else Launch<T, R, No, No>(variant, g, vector, activation);
    }

    private void Launch<T, R, TransA, TransB>(GemmVariant variant, in GemmArgs<T> g, bool vector, Activation activation)
        where T : unmanaged, IFloatingPointIeee754<T>
        where R : struct, IReal<T> where TransA : struct, IFlag where TransB : struct, IFlag
    {
        switch (activation)
        {
            case Activation.None: Launch<T, R, TransA, TransB, IdentityOp>(variant, g, vector); break;
            case Activation.Gelu: Launch<T, R, TransA, TransB, GeluOp>(variant, g, vector); break;
            case Activation.QuickGelu: Launch<T, R, TransA, TransB, QuickGeluOp>(variant, g, vector); break;
            default: throw CannotApply(activation);
        }
    }

    private void Launch<T, R, TransA, TransB, TActivation>(GemmVariant variant, in GemmArgs<T> g, bool vector)
        where T : unmanaged, IFloatingPointIeee754<T>
        where R : struct, IReal<T> where TransA : struct, IFlag where TransB : struct, IFlag
        where TActivation : struct, IUnaryOp
    {
        if (vector) Launch<T, R, TransA, TransB, Yes, TActivation>(variant, g);
        else Launch<T, R, TransA, TransB, No, TActivation>(variant, g);
    }

    private void Launch<T, R, TransA, TransB, TVector, TActivation>(GemmVariant variant, GemmArgs<T> g)
        where T : unmanaged, IFloatingPointIeee754<T>
        where R : struct, IReal<T> where TransA : struct, IFlag where TransB : struct, IFlag
        where TVector : struct, IFlag where TActivation : struct, IUnaryOp
    {
        var tiles = checked(g.TilesM * g.TilesN * g.Entries * g.Splits);
        switch (variant)
        {
            case GemmVariant.Direct:
                LaunchOver<GemmDirectKernel<T, R, TransA, TransB, TActivation>, GemmArgs<T>>(
                    (long)g.TilesM * g.TilesN * g.Entries, g);
                break;
            case GemmVariant.Slim:
                Device.Launch<GemmSlimKernel<T, R, TransA, TransB, TVector, TActivation>, GemmArgs<T>>(
                    tiles, GroupSize, g);
                break;
            case GemmVariant.Tile64:
                Device.Launch<GemmTile64Kernel<T, R, TransA, TransB, TVector, TActivation>, GemmArgs<T>>(
                    tiles, GroupSize, g);
                break;
            default:
                // Only f32 comes here, so that the two are one type.
                Device.Launch<GemmTile128Kernel<TransA, TransB, TVector, TActivation>, GemmArgs<float>>(
                    tiles, GroupSize, Unsafe.As<GemmArgs<T>, GemmArgs<float>>(ref g));
                break;
        }
    }
}
