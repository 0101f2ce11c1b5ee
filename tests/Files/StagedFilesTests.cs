using AmcEngine.Files;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Files;

/// <summary>Of a set of files all appear, in their order, or none.</summary>
[TestFixture]
internal sealed class StagedFilesTests : FolderTests
{
    [Test]
    public void None_appears_before_all_are_written()
    {
        string a = _folder.Write("a", "old"), b = _folder.PathOf("b");
        using (var files = new StagedFiles())
        {
            files.Write(a, s => s.Write("new a"u8));
            files.Write(b, s => s.Write("new b"u8));
            Assert.That(File.ReadAllText(a), Is.EqualTo("old"));
            Assert.That(File.Exists(b), Is.False);
            files.Publish(ready: () => Assert.That(File.Exists(b), Is.False));
        }
        Assert.That((File.ReadAllText(a), File.ReadAllText(b)), Is.EqualTo(("new a", "new b")));
        Assert.That(Directory.GetFiles(_folder.Path), Has.Length.EqualTo(2));
    }

    [Test]
    public void A_failure_leaves_none_and_no_temporary()
    {
        var a = _folder.Write("a", "old");
        using (var files = new StagedFiles())
        {
            files.Write(a, s => s.Write(new byte[200_000]));
            Assert.That(() => files.Write(_folder.PathOf("b"), s =>
            {
                s.Write("half"u8);
                throw new IOException("no space left");
            }), Throws.TypeOf<FileWriteException>().With.Message.Contains("no space left"));
        }
        Assert.That(Directory.GetFiles(_folder.Path), Is.EqualTo(new[] { a }));
        Assert.That(File.ReadAllText(a), Is.EqualTo("old"));
    }
}
