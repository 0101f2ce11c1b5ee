using NUnit.Framework;

namespace AmcEngine.Tests.Fuzz;

/// <summary>
/// Replays the corpus and twenty thousand seeded mutations of it through every reader. The campaigns guided by coverage
/// (README beside this file) find new files; these tests keep what they found, and find again what comes back.
/// </summary>
[Category("Fuzz")]
internal sealed class FuzzTests
{
    private const int Mutations = 20_000;

    private static IEnumerable<string> Formats => FuzzTargets.All.Select(t => t.Name);

    [TestCaseSource(nameof(Formats))]
    public void The_corpus_breaks_no_reader(string format)
    {
        var target = FuzzTargets.Find(format);
        using var session = new FuzzSession(target.FileName);
        var taken = 0;
        foreach ((var name, var bytes) in FuzzCorpus.Load(format))
        {
            if (Run(target, session, bytes, name)) taken++;
        }
        Assert.That(taken, Is.GreaterThanOrEqualTo(2), "valid seeds");
    }

    [TestCaseSource(nameof(Formats))]
    public void Mutations_break_no_reader(string format)
    {
        var target = FuzzTargets.Find(format);
        using var session = new FuzzSession(target.FileName);
        var mutator = new FuzzMutator(target, [.. FuzzCorpus.Load(format).Select(s => s.Bytes)], seed: 1);
        var taken = 0;
        for (var i = 0; i < Mutations; i++)
        {
            if (Run(target, session, mutator.Next(), $"mutation {i}")) taken++;
        }
        TestContext.Out.WriteLine($"{format}: {taken} of {Mutations} taken");
        // Mutations that are all refused, or none, would show that they do not reach what they should.
        Assert.That(taken, Is.GreaterThanOrEqualTo(Mutations / 200));
        if (target.Refusals.Length > 0) Assert.That(Mutations - taken, Is.GreaterThanOrEqualTo(Mutations / 200));
    }

    /// <summary>A find is kept as a file, to be put into the corpus.</summary>
    private static bool Run(FuzzTarget target, FuzzSession session, byte[] bytes, string name)
    {
        try
        {
            return target.Check(session, bytes);
        }
        catch (Exception e)
        {
            var kept = Path.Combine(
                TestContext.CurrentContext.WorkDirectory, $"crash-{target.Name}-{name.Replace(' ', '-')}");
            File.WriteAllBytes(kept, bytes);
            throw new AssertionException(
                $"{target.Name}, {name} (kept as {kept}): {e.GetType().Name}: {e.Message}\n{e.StackTrace}");
        }
    }
}
