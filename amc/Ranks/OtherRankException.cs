namespace AmcEngine.Amc.Ranks;

/// <summary>
/// Ends the command on the ranks that are not to blame: the rank that is has told the reason, in the job's one line.
/// </summary>
/// <param name="rank">The rank that tells it.</param>
/// <param name="exitCode">The job's exit code.</param>
/// <param name="reason">What it tells.</param>
internal sealed class OtherRankException(int rank, int exitCode, string reason)
    : Exception($"rank {rank}: {reason}")
{
    /// <summary>The job's exit code.</summary>
    public int ExitCode => exitCode;
}
