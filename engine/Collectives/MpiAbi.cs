using System.Runtime.InteropServices;
using AmcEngine.Tensors;

namespace AmcEngine.Collectives;

/// <summary>
/// The constants of an MPI library's binary interface. Open MPI's handles are addresses of objects in the library,
/// MPICH's are integers that its header fixes. Either is passed in one register or stack slot of 64 bits, of which a
/// callee that takes an integer reads the lower half; so one set of signatures serves both.
/// </summary>
internal sealed record MpiAbi(MpiFamily Family)
{
    // Exported by Open MPI alone.
    private const string OpenMpiWorld = "ompi_mpi_comm_world";

    /// <summary>MPI_COMM_WORLD.</summary>
    public required nint World { get; init; }

    /// <summary>MPI_BYTE.</summary>
    public required nint Byte { get; init; }

    /// <summary>MPI_INT.</summary>
    public required nint Int { get; init; }

    /// <summary>MPI_FLOAT.</summary>
    public required nint Float { get; init; }

    /// <summary>MPI_DOUBLE.</summary>
    public required nint Double { get; init; }

    /// <summary>MPI_SUM.</summary>
    public required nint Sum { get; init; }

    /// <summary>MPI_MAX.</summary>
    public required nint Max { get; init; }

    /// <summary>MPI_MIN.</summary>
    public required nint Min { get; init; }

    /// <summary>MPI_ERRORS_RETURN.</summary>
    public required nint ErrorsReturn { get; init; }

    /// <summary>MPI_IN_PLACE.</summary>
    public required nint InPlace { get; init; }

    /// <summary>MPI_STATUS_IGNORE.</summary>
    public required nint StatusIgnore { get; init; }

    /// <summary>MPI_ANY_SOURCE.</summary>
    public required int AnySource { get; init; }

    /// <summary>The interface of a loaded library.</summary>
    /// <param name="library">Its handle.</param>
    /// <param name="version">What MPI_Get_library_version says.</param>
    /// <returns>Null where it is neither of the two.</returns>
    public static MpiAbi? Of(nint library, string version)
    {
        if (NativeLibrary.TryGetExport(library, OpenMpiWorld, out _)) return OpenMpi(library);
        string[] mpich = ["MPICH", "MVAPICH", "Intel(R) MPI"];
        return mpich.Any(name => version.Contains(name, StringComparison.OrdinalIgnoreCase)) ? Mpich : null;
    }

    /// <summary>The type of a tensor's elements.</summary>
    public nint Of(DType type) => type switch
    {
        DType.F32 => Float,
        DType.F64 => Double,
        _ => Int,
    };

    /// <summary>The operation of a reduction.</summary>
    public nint Of(Reduction reduction) => reduction switch
    {
        Reduction.Max => Max,
        Reduction.Min => Min,
        _ => Sum,
    };

    private static MpiAbi OpenMpi(nint library)
    {
        nint Symbol(string name) => NativeLibrary.GetExport(library, name);
        return new MpiAbi(MpiFamily.OpenMpi)
        {
            World = Symbol(OpenMpiWorld),
            Byte = Symbol("ompi_mpi_byte"),
            Int = Symbol("ompi_mpi_int"),
            Float = Symbol("ompi_mpi_float"),
            Double = Symbol("ompi_mpi_double"),
            Sum = Symbol("ompi_mpi_op_sum"),
            Max = Symbol("ompi_mpi_op_max"),
            Min = Symbol("ompi_mpi_op_min"),
            ErrorsReturn = Symbol("ompi_mpi_errors_return"),
            InPlace = 1,
            StatusIgnore = 0,
            AnySource = -1,
        };
    }

    // The common binary interface of MPICH 3.1 and later.
    private static MpiAbi Mpich { get; } = new(MpiFamily.Mpich)
    {
        World = 0x44000000,
        Byte = 0x4c00010d,
        Int = 0x4c000405,
        Float = 0x4c00040a,
        Double = 0x4c00080b,
        Sum = 0x58000003,
        Max = 0x58000001,
        Min = 0x58000002,
        ErrorsReturn = 0x54000001,
        InPlace = -1,
        StatusIgnore = 1,
        AnySource = -2,
    };
}
