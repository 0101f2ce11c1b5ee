using System.Text;
using AmcEngine.Serialization;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Serialization;

/// <summary>The bytes of a file say what it is, its name does not.</summary>
[TestFixture]
internal sealed class FileFormTests : FolderTests
{
    private const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 843759316\n";

    private static readonly float[] Two = [3, 4];

    [TestCase("model.bin")]
    [TestCase("model.SAFETENSORS")]
    [TestCase("model.pth")]
    [TestCase("model")]
    public void Safetensors_are_read_whatever_they_are_called(string name)
    {
        SafetensorsWriter.Write(_folder.PathOf(name), [TensorData.From("w", [2], Two)]);
        Assert.That(Read(_folder.PathOf(name)), Is.EqualTo(Two));
    }

    [TestCase("model.safetensors")]
    [TestCase("model.bin")]
    public void Both_forms_of_PyTorch_are_read_whatever_they_are_called(string name)
    {
        Assert.That(Read(_folder.Write(name, TorchFiles.Zip(Pickle(legacy: false), ("0", TorchFiles.Bytes(Two))))),
            Is.EqualTo(Two));
        Assert.That(
            Read(_folder.Write(name, TorchFiles.Legacy(Pickle(legacy: true), true, ("0", 2, TorchFiles.Bytes(Two))))),
            Is.EqualTo(Two));
    }

    [TestCase(128, TestName = "A header of 128 bytes begins like a pickle")]
    [TestCase(0x4b50, TestName = "A header of 0x4b50 bytes begins with PK")]
    public void A_header_length_that_looks_like_another_form(int length)
    {
        var json = """{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""".PadRight(length);
        var path = _folder.Write("odd",
            [.. BitConverter.GetBytes((long)length), .. Encoding.ASCII.GetBytes(json), .. TorchFiles.Bytes(Two)]);
        Assert.That(Read(path), Is.EqualTo(Two));
    }

    [TestCase("<!DOCTYPE html><html><head><title>Sign in</title>", "HTML page")]
    [TestCase("\ufeff\n  <html lang=\"en\">", "HTML page")]
    [TestCase("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "XML page")]
    [TestCase(Pointer, "Git-LFS pointer", "git lfs pull")]
    [TestCase("", "empty")]
    [TestCase("{\"weights\": {\"w\": [1, 2]}}", "JSON text")]
    [TestCase("{\"weight_map\": {\"w\": \"model-00001-of-00002.safetensors\"}}", "not beside it")]
    [TestCase("Repository not found, or you have no access", "plain text", "Repository not found")]
    [TestCase("\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u0001", "neither safetensors nor")]
    public void What_is_no_checkpoint_is_called_what_it_is(string content, params string[] parts) =>
        Refused(Encoding.UTF8.GetBytes(content), parts);

    [Test]
    public void Archives_and_unfinished_downloads_are_called_what_they_are()
    {
        var tar = new byte[1024];
        "model.pth"u8.CopyTo(tar);
        "ustar"u8.CopyTo(tar.AsSpan(257));
        Refused(tar, "tar archive", "unpack");
        Refused([0x1f, 0x8b, 8, 0, 0, 0, 0, 0], "gzip", "unpack");
        Refused([0xfd, .. "7zXZ\0"u8, 0, 4], "xz");
        Refused(new byte[4096], "zeros", "fetch it again");
    }

    [Test]
    public void The_readers_of_one_form_name_the_other()
    {
        var zip = _folder.Write("zip", TorchFiles.Zip(Pickle(legacy: false), ("0", TorchFiles.Bytes(Two))));
        Assert.That(() => SafetensorsReader.Open(zip),
            Throws.TypeOf<SerializationException>().With.Message.Contains("PyTorch checkpoint"));
        SafetensorsWriter.Write(_folder.PathOf("st"), [TensorData.From("w", [2], Two)]);
        Assert.That(() => TorchCheckpoint.Load(_folder.PathOf("st")),
            Throws.TypeOf<SerializationException>().With.Message.Contains("is a safetensors file"));
        var lfs = _folder.Write("lfs", Encoding.ASCII.GetBytes(Pointer));
        Assert.That(() => SafetensorsReader.Open(lfs),
            Throws.TypeOf<SerializationException>().With.Message.Contains("git lfs pull"));
    }

    [Test]
    public void Safetensors_of_types_that_are_not_read_are_skipped_by_name()
    {
        var json =
            """{"f":{"dtype":"C64","shape":[1],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},"q":{"dtype":"F8_E4M3","shape":[3],"data_offsets":[16,19]}}""";
        var path = _folder.Write("mixed", [.. BitConverter.GetBytes((long)json.Length),
            .. Encoding.ASCII.GetBytes(json), .. new byte[8], .. TorchFiles.Bytes(Two), 1, 2, 3]);
        using var file = TensorFile.Open(path);
        Assert.That(file.Tensors.Single().ToF32(), Is.EqualTo(Two));
        Assert.That(file.Skipped, Is.EqualTo(
            new[] { new SkippedEntry("f", "a tensor of C64"), new SkippedEntry("q", "a tensor of F8_E4M3") }));
    }

    [Test]
    public void A_key_of_a_safetensors_file_is_refused()
    {
        SafetensorsWriter.Write(_folder.PathOf("st"), [TensorData.From("w", [2], Two)]);
        Assert.That(() => TensorFile.Open(_folder.PathOf("st"), "model"),
            Throws.TypeOf<SerializationException>().With.Message.Contains("'model'"));
    }

    private static byte[] Pickle(bool legacy) =>
        new PickleBuilder().Dict("w", p => p.Tensor("0", 2, [2], [1], legacy: legacy)).Stop();

    private static float[] Read(string path)
    {
        using var file = TensorFile.Open(path);
        return file.Tensors.Single().ToF32();
    }

    private void Refused(byte[] content, params string[] parts)
    {
        var path = _folder.Write("what.safetensors", content);
        var message = Assert.Throws<SerializationException>(() => TensorFile.Open(path).Dispose())!.Message;
        Assert.That(message, Does.StartWith(path).And.Not.Contains("\n"));
        foreach (var part in parts) Assert.That(message, Does.Contain(part));
    }
}
