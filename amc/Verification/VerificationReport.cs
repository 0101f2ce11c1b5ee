using System.Globalization;

namespace AmcEngine.Amc.Verification;

/// <summary>Comparison of results of one kind.</summary>
/// <param name="Name">What was compared, against which precision.</param>
/// <param name="Count">Number of stored tensors.</param>
/// <param name="WorstError">Largest error (relative L2, or absolute where the name says so).</param>
/// <param name="WorstTensor">Where it was found.</param>
/// <param name="Allowed">Largest error that passes.</param>
/// <param name="Failures">Stored tensors that missed the allowance or were not produced.</param>
public sealed record VerificationGroup(
    string Name, int Count, double WorstError, string WorstTensor, double Allowed, int Failures)
{
    /// <summary>Whether every tensor is within the allowance.</summary>
    public bool Passed => Failures == 0;

    /// <summary>Share of the allowance that the worst tensor used.</summary>
    public double ShareUsed => Allowed > 0 ? WorstError / Allowed : WorstError > 0 ? double.PositiveInfinity : 0;

    /// <summary>One line of the report.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Name,-34} {Count,4} tensors  worst {WorstError:0.0e+00} of {Allowed:0.0e+00} allowed "
            + $"({100 * ShareUsed,5:0.0} %)  {(Passed ? "ok" : $"FAILED ({Failures})"),-10}  {WorstTensor}");
}

/// <summary>What a replay of a golden file found.</summary>
/// <param name="Groups">One entry a kind of result.</param>
public sealed record VerificationReport(IReadOnlyList<VerificationGroup> Groups)
{
    /// <summary>Groups within their allowance.</summary>
    public int PassedCount => Groups.Count(g => g.Passed);

    /// <summary>Groups outside of it.</summary>
    public int FailedCount => Groups.Count - PassedCount;

    /// <summary>Whether there was something to compare and all of it agreed.</summary>
    public bool Passed => Groups.Count > 0 && FailedCount == 0;

    /// <summary>The report: a line a group, then the verdict.</summary>
    public IEnumerable<string> Lines => Groups.Select(g => g.ToString())
        .Append(
            string.Create(CultureInfo.InvariantCulture, $"verify: {PassedCount} groups passed, {FailedCount} failed"));

    /// <summary>All lines.</summary>
    public override string ToString() => string.Join(Environment.NewLine, Lines);
}
