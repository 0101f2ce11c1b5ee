using AmcEngine.Amc.Ranks;
using AmcEngine.Amc.Runs;

namespace AmcEngine.Amc.Training;

/// <summary>Tells at the intervals of the log where the time of steps went on each rank.</summary>
/// <param name="session">This rank's session.</param>
/// <param name="job">The ranks.</param>
internal sealed class RankTimes(TrainingSession session, Job job)
{
    private readonly int _every = session.Config.Integer("log_every");
    private int _steps;
    private double _seconds, _waited;

    /// <summary>Counts a step.</summary>
    /// <param name="seconds">What it took.</param>
    /// <param name="waited">How long of that this rank has waited for the others.</param>
    public void Add(double seconds, double waited)
    {
        _steps++;
        _seconds += seconds;
        _waited += waited;
    }

    /// <summary>
    /// The times since the last exchange; null where none is due, and for one process alone. All ranks call it.
    /// </summary>
    public RankSeconds? Exchange()
    {
        if (job.IsAlone || session.Step % _every != 0)
            return null;
        var all = Ranks.Exchange.Numbers(job.Communicator, [(_seconds - _waited) / _steps, _waited / _steps]);
        (_steps, _seconds, _waited) = (0, 0, 0);
        return new RankSeconds([.. all.Select(n => n[0])], [.. all.Select(n => n[1])]);
    }
}
