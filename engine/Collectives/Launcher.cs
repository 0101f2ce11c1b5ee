using System.Globalization;

namespace AmcEngine.Collectives;

/// <summary>Who has started this process as one of several, as the launcher's environment variables say.</summary>
/// <param name="Name">The launcher, for people.</param>
/// <param name="Family">The MPI that it belongs to; null where it serves several.</param>
/// <param name="Size">Processes started; 0 where only MPI knows.</param>
/// <param name="Rank">Number of this process, from 0.</param>
public sealed record Launcher(string Name, MpiFamily? Family, int Size, int Rank)
{
    /// <summary>
    /// The variable that names the MPI library; <c>none</c> makes each process work alone, whoever has started it.
    /// </summary>
    public const string LibraryVariable = "AMCX_MPI";

    /// <summary>The value of <see cref="LibraryVariable"/> for no MPI.</summary>
    public const string NoLibrary = "none";

    /// <summary>The launcher of this process; null where it was started alone. Loads nothing.</summary>
    /// <exception cref="CollectiveException">
    /// Several tasks were started without a way to find one another, or a variable is no number.
    /// </exception>
    public static Launcher? Detect() => Detect(Environment.GetEnvironmentVariable);

    internal static Launcher? Detect(Func<string, string?> environment)
    {
        if (environment(LibraryVariable) == NoLibrary) return null;
        var found = Find(environment);
        return found is { Size: 1 } ? null : found;
    }

    private static Launcher? Find(Func<string, string?> environment)
    {
        if (Number(environment, "OMPI_COMM_WORLD_SIZE") is { } openMpi) return new Launcher(
            "Open MPI's mpirun", MpiFamily.OpenMpi, openMpi, Number(environment, "OMPI_COMM_WORLD_RANK") ?? 0);
        // SLURM_NTASKS is also there in a batch script, which is one process; this one is there in a step of srun's.
        var tasks = Number(environment, "SLURM_STEP_NUM_TASKS");
        if (Number(environment, "PMI_RANK") is { } pmiRank && Number(environment, "PMI_SIZE") is { } pmiSize)
            // MPICH's process manager may itself start its helpers by srun; it always leaves this trace.
            return tasks is null || environment("HYDI_CONTROL_FD") is not null
                ? new Launcher("MPICH's mpiexec", MpiFamily.Mpich, pmiSize, pmiRank)
                : new Launcher("srun", null, pmiSize, pmiRank);
        if (Number(environment, "PMIX_RANK") is { } pmixRank)
            return new Launcher(tasks is null ? "a PMIx launcher" : "srun", null, tasks ?? 0, pmixRank);
        if (tasks > 1 && environment("SLURM_PROCID") is not null) throw new CollectiveException(
            $"srun has started {tasks} tasks that cannot find one another: use srun --mpi=pmix or --mpi=pmi2 "
                + $"(srun --mpi=list shows what there is), or set {LibraryVariable}={NoLibrary} for tasks that each "
                + "work alone");
        return null;
    }

    private static int? Number(Func<string, string?> environment, string name)
    {
        if (environment(name) is not { Length: > 0 } text) return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new CollectiveException(
                $"the launcher's environment variable {name} is \"{text}\", which is no number; unset it, or start the "
                    + "processes by mpirun or srun");
    }
}

/// <summary>Kinds of MPI library that are not interchangeable: their handles differ.</summary>
public enum MpiFamily
{
    /// <summary>Open MPI and what is made from it.</summary>
    OpenMpi,

    /// <summary>MPICH and what shares its binary interface: Intel MPI, MVAPICH, Cray MPICH.</summary>
    Mpich,
}
