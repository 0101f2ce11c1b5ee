using System.Reflection;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace AmcEngine.Tests;

[TestFixture]
internal sealed class DocumentationTests
{
    [Test]
    public void Contributing_shows_the_smallest_op_as_it_is()
    {
        var shown = File.ReadAllText(Path.Combine(GoldenFiles.Root, "CONTRIBUTING.md"));
        Assert.That(
            shown, Does.Contain(File.ReadAllText(Path.Combine(GoldenFiles.Root, "engine", "Ops", "SquareOp.cs"))));
    }

    [Test]
    public void Readme_names_the_two_commands()
    {
        var readme = File.ReadAllText(Path.Combine(GoldenFiles.Root, "README.md"));
        Assert.That(readme, Does.Contain("dotnet run -c Release --project amc -- train --config configs/scenes.yaml")
            .And.Contain("dotnet test -c Release"));
    }

    [Test]
    public void Every_link_between_documents_leads_to_a_file_and_a_heading()
    {
        string[] folders = [GoldenFiles.Root, Path.Combine(GoldenFiles.Root, "docs")];
        var documents = folders.SelectMany(f => Directory.GetFiles(f, "*.md"));
        var links = documents.SelectMany(d => Links(d).Select(link => (Document: d, Link: link))).ToArray();
        Assert.That(links, Has.Length.GreaterThan(10), "the links are there");
        Assert.Multiple(() =>
        {
            foreach (var (document, link) in links)
            {
                var parts = link.Split('#');
                var target = parts[0].Length == 0 ? document : Path.Combine(Path.GetDirectoryName(document)!, parts[0]);
                var message = $"{Path.GetFileName(document)}: {link}";
                Assert.That(Path.Exists(target), message);
                if (parts.Length > 1) Assert.That(Headings(target), Does.Contain(parts[1]), message);
            }
        });

        static IEnumerable<string> Links(string document) =>
            Regex.Matches(File.ReadAllText(document), @"\]\((?!https?:)([^)\s]+)\)").Select(m => m.Groups[1].Value);

        // As hosts of Markdown name headings: small letters, hyphens for spaces, nothing else.
        static IEnumerable<string> Headings(string document) => File.ReadLines(document)
            .Where(l => l.StartsWith('#'))
            .Select(l => Regex.Replace(l.TrimStart('#', ' ').ToLowerInvariant(), @"[^\w\- ]", "").Replace(' ', '-'));
    }

    [Test]
    public void Every_test_that_the_documentation_names_exists()
    {
        var text = File.ReadAllText(Path.Combine(GoldenFiles.Root, "docs", "testing.md"));
        var types = typeof(DocumentationTests).Assembly.GetTypes().ToLookup(t => t.Name);
        var named = Regex.Matches(text, @"`(?<type>\w+Tests)(\.(?<method>\w+))?`").ToArray();
        Assert.That(named, Has.Length.GreaterThan(100), "the tables are there");
        Assert.Multiple(() =>
        {
            foreach (var name in named)
            {
                var method = name.Groups["method"].Value;
                Assert.That(
                    types[name.Groups["type"].Value].Any(t => method.Length == 0 || t.GetMethod(method,
                        BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public) is not null), name.Value);
            }
        });
    }
}
