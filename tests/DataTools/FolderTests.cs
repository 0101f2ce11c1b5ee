using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

/// <summary>Tests that each have a folder of their own, deleted after them.</summary>
internal abstract class FolderTests
{
    /// <summary>The folder of the test in progress.</summary>
    protected TempFolder _folder = null!;

    [SetUp]
    public void CreateTempFolder() => _folder = new TempFolder();

    [TearDown]
    public void DeleteTempFolder() => _folder.Dispose();
}
