using AmcEngine.Diagnostics;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine;

/// <summary>Comparison of whole tensors by relative L2 error.</summary>
internal static class Closeness
{
    /// <summary>‖actual − expected‖₂ / ‖expected‖₂ (absolute where the expected tensor is zero).</summary>
    public static double RelativeL2(ReadOnlySpan<double> actual, ReadOnlySpan<double> expected) => RelativeError.L2(actual, expected);

    /// <summary>Fails, or prints which share of the allowance was used.</summary>
    public static void AreClose(string what, Tensor actual, ReadOnlySpan<double> expected, double allowed)
    {
        var error = RelativeL2(actual.ToDoubles(), expected);
        TestContext.Out.WriteLine($"{what}: relative L2 error {error:E2}, {error / allowed:P1} of the allowance");
        // Not LessThanOrEqualTo: it lets NaN pass.
        Assert.That(error <= allowed, Is.True, $"{what}: relative L2 error {error:E2}, allowed {allowed:E2}");
    }
}
