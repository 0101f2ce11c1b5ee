using AmcEngine.Files;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Files;

/// <summary>A file is there whole or as it was, and nothing beside it.</summary>
[TestFixture]
internal sealed class DurableFileTests : FolderTests
{
    [TestCase(typeof(IOException))]
    [TestCase(typeof(InvalidOperationException))]
    public void A_write_that_fails_leaves_the_file_as_it_was_and_no_temporary(Type error)
    {
        var path = _folder.Write("file", "old");
        Assert.That(() => DurableFile.Write(path, stream =>
        {
            stream.Write(new byte[200_000]);
            throw (Exception)Activator.CreateInstance(error, "no space left")!;
        }), error == typeof(IOException)
            ? Throws.TypeOf<FileWriteException>().With.Message.Contains("no space left").And.Message.Contains(path)
            : Throws.TypeOf(error));
        Assert.That(Directory.GetFileSystemEntries(_folder.Path), Is.EqualTo(new[] { path }));
        Assert.That(File.ReadAllText(path), Is.EqualTo("old"));
    }

    // What .NET throws where a file reaches the limit on file sizes.
    [Test]
    public void A_file_that_is_too_large_for_its_file_system_is_an_error_of_writing()
    {
        var path = _folder.PathOf("file");
        Assert.That(() => DurableFile.Write(path, _ => throw new ArgumentOutOfRangeException("value")),
            Throws.TypeOf<FileWriteException>().With.Message.Contains("limit on file sizes"));
        Assert.That(Directory.GetFileSystemEntries(_folder.Path), Is.Empty);
    }

    [Test]
    public void A_reader_of_the_name_sees_the_old_content_until_the_new_one_is_complete()
    {
        var path = _folder.Write("file", "old");
        DurableFile.Write(path, stream =>
        {
            stream.Write("new"u8);
            stream.Flush();
            Assert.That(File.ReadAllText(path), Is.EqualTo("old"));
        });
        Assert.That(File.ReadAllText(path), Is.EqualTo("new"));
    }
}
