namespace AmcEngine.Bench.Suites;

/// <summary>Ops of the family Loss.</summary>
public class LossBenchmarks : OpFamilyBenchmarks
{
    public static IEnumerable<string> Ops => OpFamilies.Of("Loss");
}
