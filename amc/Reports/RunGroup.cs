namespace AmcEngine.Amc.Reports;

/// <summary>Mean and extremes over the runs of a group.</summary>
/// <param name="Mean">Mean.</param>
/// <param name="Low">Smallest.</param>
/// <param name="High">Largest.</param>
internal readonly record struct Spread(double Mean, double Low, double High);

/// <summary>Runs of one setting with different seeds.</summary>
/// <param name="Name">What the setting is called.</param>
/// <param name="Evaluations">Of each run: step, pointing accuracy, and that of a random point.</param>
internal sealed record RunGroup(
    string Name, IReadOnlyList<IReadOnlyList<(int Step, double Accuracy, double Random)>> Evaluations)
{
    /// <summary>The folder of the first run.</summary>
    public string Folder { get; init; } = "";

    /// <summary>Number of runs.</summary>
    public int Runs => Evaluations.Count;

    /// <summary>Steps at which any run was evaluated, in order.</summary>
    public IReadOnlyList<int> Steps => [.. Evaluations.SelectMany(r => r).Select(e => e.Step).Distinct().Order()];

    /// <summary>How often a random point hits.</summary>
    public double Random => Evaluations.SelectMany(r => r).Average(e => e.Random);

    /// <summary>Pointing accuracy after so many steps; null where no run was evaluated.</summary>
    public Spread? At(int step)
    {
        double[] values = [.. Evaluations.SelectMany(r => r).Where(e => e.Step == step).Select(e => e.Accuracy)];
        return values.Length == 0 ? null : new Spread(values.Average(), values.Min(), values.Max());
    }
}
