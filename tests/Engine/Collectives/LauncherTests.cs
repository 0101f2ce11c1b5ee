using AmcEngine.Collectives;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Collectives;

/// <summary>What the environment says of who has started the process.</summary>
[TestFixture]
internal sealed class LauncherTests
{
    [TestCase("", null, null, 0, 0)]
    [TestCase("OMPI_COMM_WORLD_SIZE=4 OMPI_COMM_WORLD_RANK=3 PMIX_RANK=3",
        "Open MPI's mpirun", MpiFamily.OpenMpi, 4, 3)]
    [TestCase("OMPI_COMM_WORLD_SIZE=1 OMPI_COMM_WORLD_RANK=0 PMIX_RANK=0", null, null, 0, 0)]
    [TestCase("PMI_SIZE=2 PMI_RANK=1", "MPICH's mpiexec", MpiFamily.Mpich, 2, 1)]
    [TestCase("PMI_SIZE=1 PMI_RANK=0", null, null, 0, 0)]
    [TestCase("PMI_SIZE=2 PMI_RANK=1 SLURM_STEP_NUM_TASKS=2 SLURM_PROCID=1", "srun", null, 2, 1)]
    [TestCase("PMI_SIZE=8 PMI_RANK=7 SLURM_STEP_NUM_TASKS=2 SLURM_PROCID=1 HYDI_CONTROL_FD=7",
        "MPICH's mpiexec", MpiFamily.Mpich, 8, 7)]
    [TestCase("PMIX_RANK=5 SLURM_STEP_NUM_TASKS=6 SLURM_PROCID=5", "srun", null, 6, 5)]
    [TestCase("PMIX_RANK=5", "a PMIx launcher", null, 0, 5)]
    [TestCase("PMIX_RANK=0 SLURM_STEP_NUM_TASKS=1 SLURM_PROCID=0", null, null, 0, 0)]
    [TestCase("SLURM_NTASKS=8 SLURM_PROCID=0", null, null, 0, 0, Description = "a batch script")]
    [TestCase("SLURM_STEP_NUM_TASKS=1 SLURM_PROCID=0", null, null, 0, 0)]
    [TestCase("OMPI_COMM_WORLD_SIZE=4 OMPI_COMM_WORLD_RANK=3 AMCX_MPI=none", null, null, 0, 0)]
    [TestCase("SLURM_STEP_NUM_TASKS=4 SLURM_PROCID=0 AMCX_MPI=none", null, null, 0, 0)]
    public void Launcher_is_known_by_its_variables(
        string variables, string? name, MpiFamily? family, int size, int rank) =>
        Assert.That(Launcher.Detect(Of(variables)),
            Is.EqualTo(name is null ? null : new Launcher(name, family, size, rank)));

    [TestCase("SLURM_STEP_NUM_TASKS=4 SLURM_PROCID=2", "srun has started 4 tasks that cannot find one another")]
    [TestCase("OMPI_COMM_WORLD_SIZE=many", "OMPI_COMM_WORLD_SIZE is \"many\"")]
    [TestCase("PMI_SIZE=2 PMI_RANK=-1", "PMI_RANK is \"-1\"")]
    public void What_cannot_be_a_job_is_refused(string variables, string part) => Assert.That(
        () => Launcher.Detect(Of(variables)), Throws.TypeOf<CollectiveException>().With.Message.Contains(part));

    [TestCase("")]
    [TestCase("AMCX_MPI=/nowhere/libmpi.so")]
    [TestCase("AMCX_MPI=none OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=1")]
    public void A_process_alone_needs_no_library_and_loads_none(string variables)
    {
        Assert.That(Communicator.Open(Of(variables)), Is.SameAs(SingleCommunicator.Instance));
        if (OperatingSystem.IsLinux())
            Assert.That(File.ReadAllText("/proc/self/maps"), Does.Not.Contain("/libmpi"));
    }

    [Test]
    public void A_library_that_is_missing_is_named_with_the_remedy()
    {
        var launcher = new Launcher("mpirun", MpiFamily.OpenMpi, 2, 0);
        Assert.That(() => MpiLibrary.Load(launcher, "/nowhere/libmpi.so"), Throws.TypeOf<CollectiveException>()
            .With.Message.Contains("AMCX_MPI names /nowhere/libmpi.so, which cannot be loaded (/nowhere/libmpi.so:"));
        Assert.That(() => MpiLibrary.Load(launcher, "libc.so.6"), Throws.TypeOf<CollectiveException>()
            .With.Message.Contains("libc.so.6 is no MPI library of version 3.0 or later (it has no MPI_Get_library_"));
    }

    private static Func<string, string?> Of(string variables)
    {
        var all = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=')).ToDictionary(
            v => v[0], v => v[1]);
        return name => all.GetValueOrDefault(name);
    }
}
