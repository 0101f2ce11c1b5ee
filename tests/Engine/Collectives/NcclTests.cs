using AmcEngine.Bench.Collectives;
using AmcEngine.Collectives;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Collectives;

/// <summary>
/// The collectives over NCCL, against a library of its interface that works on host memory (nccl-on-host.c): what is
/// called, with which arguments, in which order. Whether NCCL itself runs on a device is not seen here.
/// </summary>
[TestFixture]
internal sealed class NcclTests
{
    private TempFolder _folder = null!;
    private string _library = null!;

    [OneTimeSetUp]
    public void Compile()
    {
        _folder = new TempFolder();
        _library = MpiJob.Compile("nccl-on-host.c", _folder);
    }

    [OneTimeTearDown]
    public void Delete() => _folder?.Dispose();

    [TestCase(2)]
    [TestCase(3)]
    public void Collectives_give_what_their_definitions_say(int ranks)
    {
        var answer = MpiJob.Check("mpirun.openmpi", ranks, Library(), "--nccl");
        Assert.That(answer.Out.TrimEnd().Split('\n')[1..],
            Is.EqualTo(CollectiveChecks.All.Select(c => $"ok: {c.Name}")), answer.Error);
        Assert.That(answer.Out, Does.StartWith("NCCL 2.18.5, Open MPI v"));
        Assert.That(answer.Code, Is.Zero, answer.Error);
    }

    [TestCase("call", "ncclAllReduce of NCCL failed: unhandled system error")]
    [TestCase("later", "a collective of NCCL failed: remote process exited")]
    public void What_fails_is_one_line_and_ends_the_job(string fault, string part)
    {
        var answer = MpiJob.Check("mpirun.openmpi", 2, Library(("NCCL_ON_HOST_FAULT", fault)), "--nccl");
        Assert.That(answer.Error, Does.Contain($"error: {part}"));
        Assert.That(answer.Code, Is.EqualTo(2));
    }

    [TestCase("/nowhere/libnccl.so.2", "AMCX_NCCL names /nowhere/libnccl.so.2, which cannot be loaded (/nowhere")]
    [TestCase("libc.so.6", "libc.so.6 is no NCCL library of version 2.7 or later (it has no ncclGetErrorString)")]
    public void A_library_that_does_not_serve_is_named(string library, string part) => Assert.That(
        () => NcclLibrary.Load(library), Throws.TypeOf<CollectiveException>().With.Message.Contains(part));

    // The processor has no CUDA device: named or not, NCCL is left alone.
    [Test]
    public void Devices_without_CUDA_go_through_the_host()
    {
        var answer = MpiJob.Check("mpirun.openmpi", 2, Library());
        Assert.That(answer.Out, Does.StartWith("Open MPI v").And.Not.Contain("failed"), answer.Error);
        Assert.That(answer.Code, Is.Zero, answer.Error);
    }

    private Dictionary<string, string> Library(params (string Name, string Value)[] more)
    {
        var environment = more.ToDictionary(m => m.Name, m => m.Value);
        environment["AMCX_NCCL"] = _library;
        return environment;
    }
}
