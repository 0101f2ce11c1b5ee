using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace AmcEngine.Bench.Cpu;

/// <summary>
/// OpenBLAS, where it is installed. It reads OPENBLAS_CORETYPE when it loads: set it in the environment of a new
/// process, since .NET does not pass on what a program sets later.
/// </summary>
internal sealed unsafe class OpenBlas
{
    /// <summary>How to get it.</summary>
    public const string Remedy = "OpenBLAS is not installed; on Debian: apt-get install libopenblas0-pthread";

    /// <summary>The variable that selects its kernels.</summary>
    public const string CoreTypeVariable = "OPENBLAS_CORETYPE";

    private const string Library = "libopenblas.so.0";

    private const int RowMajor = 101, NoTrans = 111, Trans = 112;

    private static readonly Lazy<OpenBlas?> Instance = new(
        () => NativeLibrary.TryLoad(Library, out var handle) ? new OpenBlas(handle) : null);

    private readonly delegate* unmanaged[Cdecl]<int, int, int, int, int, int, float, float*, int, float*, int, float,
        float*, int, void> _sgemm;
    private readonly delegate* unmanaged[Cdecl]<int, int, int, int, int, int, double, double*, int, double*, int,
        double, double*, int, void> _dgemm;
    private readonly delegate* unmanaged[Cdecl]<int, void> _setThreads;
    private readonly delegate* unmanaged[Cdecl]<byte*> _coreName;
    private readonly delegate* unmanaged[Cdecl]<byte*> _config;

    private OpenBlas(nint library)
    {
        _sgemm = (delegate* unmanaged[Cdecl]<int, int, int, int, int, int, float, float*, int, float*, int, float,
            float*, int, void>)NativeLibrary.GetExport(library, "cblas_sgemm");
        _dgemm = (delegate* unmanaged[Cdecl]<int, int, int, int, int, int, double, double*, int, double*, int, double,
            double*, int, void>)NativeLibrary.GetExport(library, "cblas_dgemm");
        _setThreads = (delegate* unmanaged[Cdecl]<int, void>)NativeLibrary.GetExport(
            library, "openblas_set_num_threads");
        _coreName = (delegate* unmanaged[Cdecl]<byte*>)NativeLibrary.GetExport(library, "openblas_get_corename");
        _config = (delegate* unmanaged[Cdecl]<byte*>)NativeLibrary.GetExport(library, "openblas_get_config");
    }

    /// <summary>The library of this process; null where it is not installed.</summary>
    public static OpenBlas? Loaded => Instance.Value;

    /// <summary>
    /// Values of <see cref="CoreTypeVariable"/> that suit the processor's widest vectors; an empty one leaves the
    /// choice to the library.
    /// </summary>
    public static string[] CoreTypes =>
        Vector512.IsHardwareAccelerated ? ["", "SkylakeX", "Cooperlake"] :
        Vector256.IsHardwareAccelerated ? ["", "Haswell", "Zen"] : [""];

    /// <summary>The kernels it runs.</summary>
    public string CoreName => Marshal.PtrToStringUTF8((nint)_coreName()) ?? "";

    /// <summary>Version and build options; the core named in it is the one it was started with.</summary>
    public string Config => (Marshal.PtrToStringUTF8((nint)_config()) ?? "").Trim();

    /// <summary>How many threads the next products take.</summary>
    public void SetThreads(int threads) => _setThreads(threads);

    /// <summary>C = op(A)·op(B), row by row in memory.</summary>
    public void Multiply(GemmCase c, float* a, float* b, float* y) =>
        _sgemm(RowMajor, c.TransA ? Trans : NoTrans, c.TransB ? Trans : NoTrans, c.Shape.M, c.Shape.N, c.Shape.K, 1, a,
            c.Lda, b, c.Ldb, 0, y, c.Shape.N);

    /// <summary>The same in f64.</summary>
    public void Multiply(GemmCase c, double* a, double* b, double* y) =>
        _dgemm(RowMajor, c.TransA ? Trans : NoTrans, c.TransB ? Trans : NoTrans, c.Shape.M, c.Shape.N, c.Shape.K, 1, a,
            c.Lda, b, c.Ldb, 0, y, c.Shape.N);
}
