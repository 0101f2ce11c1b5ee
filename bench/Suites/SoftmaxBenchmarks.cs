namespace AmcEngine.Bench.Suites;

/// <summary>Ops of the family Softmax.</summary>
public class SoftmaxBenchmarks : OpFamilyBenchmarks
{
    public static IEnumerable<string> Ops => OpFamilies.Of("Softmax");
}
