using System.Text.RegularExpressions;
using NUnit.Framework;
using NUnit.Framework.Internal;

namespace AmcEngine.Tests.Engine;

/// <summary>The comparison that all tests rely on lets no NaN pass, and no test goes around it.</summary>
[TestFixture]
internal sealed class ClosenessTests
{
    private static readonly double[] Plain = [1, 2, 3];

    private static IEnumerable<TestCaseData> Wrong()
    {
        TestCaseData Case(string name, Action compare) => new TestCaseData(compare).SetName($"Refused: {name}");
        double[] nan = [1, double.NaN, 3], infinite = [1, double.PositiveInfinity, 3];
        yield return Case("an error that is NaN", () => Closeness.Within("x", double.NaN, 1));
        yield return Case(
            "an infinite error", () => Closeness.Within("x", double.PositiveInfinity, double.PositiveInfinity));
        yield return Case("an error above the allowance", () => Closeness.Within("x", 1.01, 1));
        yield return Case("two NaN", () => Closeness.Near("x", double.NaN, double.NaN, 1));
        yield return Case("NaN in a vector", () => Closeness.AreClose("x", nan, Plain, 1));
        yield return Case("NaN in both vectors", () => Closeness.AreClose("x", nan, nan, 1));
        yield return Case("infinity in a vector", () => Closeness.AreClose("x", infinite, Plain, 1));
        yield return Case("infinity that is missing", () => Closeness.AreClose("x", Plain, infinite, 1));
        yield return Case("NaN among elements", () => Closeness.ElementsAreClose("x", nan, Plain, 1));
        yield return Case(
            "NaN before a larger error", () => Closeness.ElementsAreClose("x", [double.NaN, 2, 9], Plain, 100));
        yield return Case("NaN in both elements", () => Closeness.ElementsAreClose("x", nan, nan, 1));
        yield return Case("an element too far off", () => Closeness.ElementsAreClose("x", [1, 2, 3.1], Plain, 0.01));
        yield return Case("too few elements", () => Closeness.ElementsAreClose("x", [1, 2], Plain, 1));
    }

    [TestCaseSource(nameof(Wrong))]
    public void What_is_not_close_fails(Action compare)
    {
        // The failure is expected: it stays out of this test's own result.
        using var isolated = new TestExecutionContext.IsolatedContext();
        Assert.That(() => compare(), Throws.TypeOf<AssertionException>());
    }

    [Test]
    public void What_is_close_passes()
    {
        Closeness.Within("no error", 0, 0);
        Closeness.Within("the whole allowance", 1, 1);
        Closeness.Near("numbers", 1.5, 1, 0.5);
        Closeness.AreClose("infinities alike", [1, double.NegativeInfinity], [1, double.NegativeInfinity], 0);
        Closeness.AreClose("next to nothing", [1e-9], [0], 1e-8, floor: 0.1);
        Closeness.ElementsAreClose(
            "elements", [1, 2.01, double.PositiveInfinity], [1, 2, double.PositiveInfinity], 0.01);
    }

    [Test]
    public void No_test_holds_an_error_against_an_allowance_by_a_constraint_that_NaN_passes()
    {
        var root = TestContext.CurrentContext.TestDirectory;
        while (root is not null && !File.Exists(Path.Combine(root, "AmcEngine.sln")))
            root = Path.GetDirectoryName(root);
        if (root is null) Assert.Ignore("the sources are not beside the tests; run from a clone");
        // NaN is less than every number by NUnit's order.
        var lax = new Regex(
            @"\b(Is|And|Or|Not)\.(LessThan|LessThanOrEqualTo|AtMost)\([^;]*(\de-\d|[Aa]llow|[Tt]oleran)");
        var found =
            from file in Directory.EnumerateFiles(Path.Combine(root!, "tests"), "*.cs", SearchOption.AllDirectories)
            where !Path.GetRelativePath(root!, file).Split(Path.DirectorySeparatorChar)
                .Any(part => part is "obj" or "bin") && Path.GetFileName(file) != "ClosenessTests.cs"
            from line in File.ReadLines(file).Select((text, i) => (Text: text, Number: i + 1))
            where lax.IsMatch(line.Text)
            select $"{Path.GetRelativePath(root!, file)}:{line.Number}";
        Assert.That(found, Is.Empty, "use Closeness.Within, Near, AreClose or ElementsAreClose");
    }
}
