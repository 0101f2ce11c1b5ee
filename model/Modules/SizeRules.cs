namespace AmcEngine.Model.Modules;

/// <summary>What the configurations of all models check alike.</summary>
internal static class SizeRules
{
    /// <summary>Refuses sizes below 1.</summary>
    /// <exception cref="ModelException">One is; the message names it.</exception>
    public static void RequirePositive(params ReadOnlySpan<(string Name, int Value)> sizes)
    {
        foreach (var (name, value) in sizes) Require(value > 0, $"{name} is {value}; it must be at least 1");
    }

    /// <summary>Refuses what is not a probability below a bound.</summary>
    /// <exception cref="ModelException">It is not.</exception>
    public static void RequireProbability(double value, string name, double below) =>
        Require(value >= 0 && value < below, $"{name} {value} is not in [0, {below})");

    /// <summary>Refuses a configuration where a condition does not hold.</summary>
    /// <exception cref="ModelException">It does not.</exception>
    public static void Require(bool condition, string problem)
    {
        if (!condition) throw new ModelException($"model configuration: {problem}");
    }
}
