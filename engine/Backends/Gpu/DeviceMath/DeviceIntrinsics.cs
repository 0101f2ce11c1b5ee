using System.Reflection;
using ILGPU;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.IR;
using ILGPU.IR.Intrinsics;

namespace AmcEngine.Backends.Gpu.DeviceMath;

/// <summary>
/// The one instruction that ILGPU 1.5.3 lacks: fused multiply-add with a single rounding. (MathF.FusedMultiplyAdd
/// becomes an unresolved external on CUDA, and OpenCL does not contract separate statements.) PTX <c>fma.rn</c>, OpenCL
/// <c>fma</c>, .NET's own in the emulation.
/// </summary>
internal static class DeviceIntrinsics
{
    private static readonly Type[] Widths = [typeof(float), typeof(double)];

    /// <summary>a·b + c, rounded once.</summary>
    [IntrinsicImplementation]
    public static float Fma(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c);

    /// <summary>a·b + c, rounded once.</summary>
    [IntrinsicImplementation]
    public static double Fma(double a, double b, double c) => Math.FusedMultiplyAdd(a, b, c);

    /// <summary>Makes the instruction known to a context; before its first compile.</summary>
    public static void Register(Context context)
    {
        var manager = context.GetIntrinsicManager();
        foreach (var width in Widths)
        {
            var method = typeof(DeviceIntrinsics).GetMethod(
                nameof(Fma), BindingFlags.Public | BindingFlags.Static, [width, width, width])!;
            manager.RegisterMethod(method, new PTXIntrinsic(
                typeof(DeviceIntrinsics), nameof(EmitPtx), IntrinsicImplementationMode.GenerateCode));
            manager.RegisterMethod(method, new CLIntrinsic(
                typeof(DeviceIntrinsics), nameof(EmitOpenCl), IntrinsicImplementationMode.GenerateCode));
        }
    }

    private static void EmitPtx(PTXBackend backend, PTXCodeGenerator generator, Value value)
    {
        var a = generator.LoadPrimitive(value[0]);
        var b = generator.LoadPrimitive(value[1]);
        var c = generator.LoadPrimitive(value[2]);
        var target = generator.AllocateHardware(value);
        using var command = generator.BeginCommand(
            value.BasicValueType == BasicValueType.Float64 ? "fma.rn.f64" : "fma.rn.f32");
        command.AppendArgument(target);
        command.AppendArgument(a);
        command.AppendArgument(b);
        command.AppendArgument(c);
    }

    private static void EmitOpenCl(CLBackend backend, CLCodeGenerator generator, Value value)
    {
        var a = generator.LoadAs<CLCodeGenerator.Variable>(value[0]);
        var b = generator.LoadAs<CLCodeGenerator.Variable>(value[1]);
        var c = generator.LoadAs<CLCodeGenerator.Variable>(value[2]);
        var target = generator.Allocate(value);
        using var statement = generator.BeginStatement(target, "fma");
        statement.BeginArguments();
        statement.AppendArgument(a);
        statement.AppendArgument(b);
        statement.AppendArgument(c);
        statement.EndArguments();
    }
}
