using System.Runtime.Intrinsics;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu.Simd;

/// <summary>How wide the vectors are that host kernels use, narrowest first.</summary>
internal enum SimdWidth
{
    /// <summary>None: one element at a time.</summary>
    Scalar,

    /// <summary>128 bits: SSE, AVX or NEON.</summary>
    Vector128,

    /// <summary>256 bits: AVX2 with FMA.</summary>
    Avx2,

    /// <summary>512 bits: AVX-512.</summary>
    Avx512,
}

/// <summary>
/// The path that host kernels take: the widest that the hardware has, or the one that the environment variable
/// AMCX_SIMD names. Read once a kernel call and never inside of a loop.
/// </summary>
internal static class SimdPath
{
    /// <summary>The environment variable: avx512, avx2, 128 or scalar, in any case.</summary>
    public const string Variable = "AMCX_SIMD";

    /// <summary>The widest that this machine has.</summary>
    public static readonly SimdWidth Widest =
        Vector512.IsHardwareAccelerated ? SimdWidth.Avx512 :
        Vector256.IsHardwareAccelerated ? SimdWidth.Avx2 :
        Vector128.IsHardwareAccelerated ? SimdWidth.Vector128 : SimdWidth.Scalar;

    // A value that cannot be used leaves the widest, until the back end that is opened reports it: an exception from
    // here would come out as a failed type initializer.
    private static SimdWidth _current =
        TryParse(Environment.GetEnvironmentVariable(Variable), out var named) ? named : Widest;

    /// <summary>The path that kernels take now.</summary>
    public static SimdWidth Current => _current;

    /// <summary>Every path that this machine can take, narrowest first.</summary>
    public static IEnumerable<SimdWidth> Available => Enum.GetValues<SimdWidth>().Where(w => w <= Widest);

    /// <summary>What the environment variable and messages call a path.</summary>
    public static string Name(SimdWidth width) => width switch
    {
        SimdWidth.Avx512 => "avx512",
        SimdWidth.Avx2 => "avx2",
        SimdWidth.Vector128 => "128",
        _ => "scalar",
    };

    /// <summary>Refuses a value of the environment variable that is unknown or that this machine lacks.</summary>
    /// <exception cref="DeviceException">Names the variable, its value and what it may be.</exception>
    public static void Validate(string? value)
    {
        if (TryParse(value, out _)) return;
        var allowed = string.Join(", ", Available.Reverse().Select(Name));
        var lacks = Enum.GetValues<SimdWidth>().Any(w => Is(w, value!))
            ? "is not supported by this processor"
            : "is not a SIMD path";
        throw new DeviceException("cpu", $"environment variable {Variable}='{value}' {lacks}; "
            + $"set it to one of {allowed}, or unset it for the widest");
    }

    /// <summary>Takes another path until the result is disposed; for tests, while no kernel runs.</summary>
    public static IDisposable Use(SimdWidth width) => new Scope(width);

    // Nothing or empty is the widest.
    private static bool TryParse(string? value, out SimdWidth width)
    {
        width = Widest;
        if (string.IsNullOrEmpty(value)) return true;
        foreach (var w in Available)
            if (Is(w, value))
            {
                width = w;
                return true;
            }
        return false;
    }

    private static bool Is(SimdWidth width, string value) =>
        string.Equals(Name(width), value.Trim(), StringComparison.OrdinalIgnoreCase);

    private sealed class Scope : IDisposable
    {
        private readonly SimdWidth _before = _current;

        public Scope(SimdWidth width)
        {
            if (width > Widest)
                throw new DeviceException("cpu", $"the SIMD path {Name(width)} is not supported by this processor");
            _current = width;
        }

        public void Dispose() => _current = _before;
    }
}
