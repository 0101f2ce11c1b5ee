namespace AmcEngine.Model.DataParallel;

/// <summary>
/// What is computed over the samples of all ranks instead of those of a rank alone. With all of them R ranks of B/R
/// samples compute what one process with B samples computes; a process alone knows no difference.
/// </summary>
public sealed record RankScopes
{
    /// <summary>Each rank's own samples, as the reference has it.</summary>
    public static RankScopes Local { get; } = new();

    /// <summary>Contrast against the features of all ranks' samples.</summary>
    public bool Contrastive { get; init; }

    /// <summary>Hard negatives are drawn from all ranks' samples.</summary>
    public bool Negatives { get; init; }

    /// <summary>The mean over masked words is that of all ranks' words.</summary>
    public bool MaskedWords { get; init; }

    /// <summary>The sums and means of the objective are those of all ranks' samples.</summary>
    public bool Objective { get; init; }
}
