using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>
/// Tests of what comes after training: they share a tiny run, and each has a folder of its own besides.
/// </summary>
/// <param name="steps">Steps of the run.</param>
internal abstract class TrainedOnceTests(int steps) : FolderTests
{
    /// <summary>The run's configuration, a file.</summary>
    protected string _config = "";

    /// <summary>The run's folder.</summary>
    protected string _run = "";

    private TempFolder _trained = null!;

    [OneTimeSetUp]
    public void TrainOnce()
    {
        _trained = new TempFolder();
        (_config, _run) = Amcx.Train(_trained, "--steps", FormattableString.Invariant($"{steps}"));
    }

    [OneTimeTearDown]
    public void DeleteTrained() => _trained.Dispose();
}
