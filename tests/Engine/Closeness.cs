using AmcEngine.Diagnostics;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine;

/// <summary>
/// The one comparison of computed floating-point numbers for all tests. NUnit's <c>Is.LessThanOrEqualTo</c> lets NaN
/// pass, and its <c>Is.EqualTo(…).Within(…)</c> takes two NaN for equal; here no NaN passes, and each comparison prints
/// how much of its allowance was used.
/// </summary>
internal static class Closeness
{
    /// <summary>‖actual − expected‖₂ / ‖expected‖₂ (absolute where the expected tensor is zero).</summary>
    public static double RelativeL2(ReadOnlySpan<double> actual, ReadOnlySpan<double> expected) =>
        RelativeError.L2(actual, expected);

    /// <summary>
    /// Fails where an error is above its allowance, NaN or infinite; or prints which share of the allowance was used.
    /// </summary>
    public static void Within(string what, double error, double allowed)
    {
        var share = error == 0 ? "0.0 %" : allowed > 0 ? $"{error / allowed:P1}" : "∞";
        TestContext.Out.WriteLine($"{what}: error {error:E2}, {share} of the allowance {allowed:E1}");
        // The comparison is written so that NaN fails it.
        Assert.That(
            double.IsFinite(error) && error <= allowed, Is.True, $"{what}: error {error:E2}, allowed {allowed:E2}");
    }

    /// <summary>Holds a number against an expected one, by absolute difference.</summary>
    public static void Near(string what, double actual, double expected, double allowed) =>
        Within($"{what}: {actual:R} beside {expected:R}", Math.Abs(actual - expected), allowed);

    /// <summary>Holds a tensor against expected values by relative L2 error.</summary>
    public static void AreClose(string what, Tensor actual, ReadOnlySpan<double> expected, double allowed) =>
        Within(what, RelativeL2(actual.ToDoubles(), expected), allowed);

    /// <summary>
    /// Holds values against expected ones by relative L2 error. Elements that are infinite on both sides, and alike,
    /// count as equal.
    /// </summary>
    /// <param name="what">What is compared.</param>
    /// <param name="actual">Computed values.</param>
    /// <param name="expected">As many expected values.</param>
    /// <param name="allowed">Largest error that passes.</param>
    /// <param name="floor">
    /// Least norm that errors are taken relative to: for what cancels to nothing but rounding.
    /// </param>
    public static void AreClose(string what, double[] actual, double[] expected, double allowed, double floor = 0)
    {
        Assert.That(actual, Has.Length.EqualTo(expected.Length), what);
        double difference = 0, norm = 0;
        for (var i = 0; i < actual.Length; i++)
        {
            if (double.IsInfinity(expected[i]) && actual[i] == expected[i]) continue;
            difference += (actual[i] - expected[i]) * (actual[i] - expected[i]);
            norm += expected[i] * expected[i];
        }
        var scale = Math.Max(Math.Sqrt(norm), floor);
        Within(what, scale > 0 ? Math.Sqrt(difference) / scale : Math.Sqrt(difference), allowed);
    }

    /// <summary>
    /// Holds each element against its expected value: |actual − expected| relative to max(1, |expected|).
    /// </summary>
    public static void ElementsAreClose(
        string what, IReadOnlyList<double> actual, IReadOnlyList<double> expected, double allowed)
    {
        Assert.That(actual, Has.Count.EqualTo(expected.Count), what);
        double worst = 0;
        var at = 0;
        for (var i = 0; i < actual.Count; i++)
        {
            if (double.IsInfinity(expected[i]) && actual[i] == expected[i]) continue;
            var error = Math.Abs(actual[i] - expected[i]) / Math.Max(1, Math.Abs(expected[i]));
            if (!(error <= worst)) (worst, at) = (error, i);
            if (double.IsNaN(worst)) break;
        }
        Within(worst == 0 ? what : $"{what}, element {at} ({actual[at]:R} beside {expected[at]:R})", worst, allowed);
    }
}
