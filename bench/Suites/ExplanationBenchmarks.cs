namespace AmcEngine.Bench.Suites;

/// <summary>Ops of the family Explanation.</summary>
public class ExplanationBenchmarks : OpFamilyBenchmarks
{
    public static IEnumerable<string> Ops => OpFamilies.Of("Explanation");
}
