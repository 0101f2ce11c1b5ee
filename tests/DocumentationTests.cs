using NUnit.Framework;

namespace AmcEngine.Tests;

[TestFixture]
internal sealed class DocumentationTests
{
    [Test]
    public void Contributing_shows_the_smallest_op_as_it_is()
    {
        var shown = File.ReadAllText(Path.Combine(GoldenFiles.Root, "CONTRIBUTING.md"));
        Assert.That(shown, Does.Contain(File.ReadAllText(Path.Combine(GoldenFiles.Root, "engine", "Ops", "Square.cs"))));
    }

    [Test]
    public void Readme_names_the_two_commands()
    {
        var readme = File.ReadAllText(Path.Combine(GoldenFiles.Root, "README.md"));
        Assert.That(readme, Does.Contain("dotnet run -c Release --project amc -- train --config configs/scenes.yaml").And.Contain("dotnet test -c Release"));
    }
}
