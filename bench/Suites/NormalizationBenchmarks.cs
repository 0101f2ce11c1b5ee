namespace AmcEngine.Bench.Suites;

/// <summary>Ops of the family Normalization.</summary>
public class NormalizationBenchmarks : OpFamilyBenchmarks
{
    public static IEnumerable<string> Ops => OpFamilies.Of("Normalization");
}
