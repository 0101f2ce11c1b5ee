using System.Text;
using AmcEngine.Files;
using AmcEngine.Serialization;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Serialization;

[TestFixture]
internal sealed class SafetensorsTests : FolderTests
{
    [Test]
    public void What_is_written_is_read_back()
    {
        var path = _folder.PathOf("a.safetensors");
        SafetensorsWriter.Write(path, Sample(), new Dictionary<string, string> { ["format"] = "pt", ["Ü\n"] = "\"" });
        using var reader = SafetensorsReader.Open(path);
        Assert.Multiple(() =>
        {
            Assert.That(reader.Tensors.Select(t => t.ToString()), Is.EqualTo(Sample().Select(t => t.ToString())));
            Assert.That(
                reader.Tensors.Select(t => t.Bytes.ToArray()), Is.EqualTo(Sample().Select(t => t.Bytes.ToArray())));
            Assert.That(reader.Metadata, Has.Count.EqualTo(2).And.ContainKey("Ü\n"));
            Assert.That(reader["wéights"].ToF32(), Is.EqualTo(new[] { 1.5f, -2f }));
            Assert.That(reader.Contains("absent"), Is.False);
            Assert.That(() => reader["absent"], Throws.TypeOf<SerializationException>());
            Assert.That(Directory.GetFiles(_folder.Path), Has.Length.EqualTo(1), "no temporary file is left");
        });
    }

    [Test]
    public void Every_tensor_is_aligned_to_its_elements_and_the_header_to_eight_bytes()
    {
        var path = _folder.PathOf("a.safetensors");
        SafetensorsWriter.Write(path, Sample());
        var file = File.ReadAllBytes(path);
        var header = (int)BitConverter.ToInt64(file);
        var json = Encoding.UTF8.GetString(file, 8, header);
        Assert.Multiple(() =>
        {
            Assert.That(header % 8, Is.Zero);
            Assert.That(json.TrimEnd(' '), Does.EndWith("}"));
            // The byte tensor comes first in the header and last in the data.
            Assert.That(json, Does.StartWith("{\"bytes\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[16,19]}"));
        });
    }

    [Test]
    public void A_file_may_be_replaced_while_its_tensors_are_the_source()
    {
        var path = _folder.PathOf("a.safetensors");
        SafetensorsWriter.Write(path, Sample());
        using (var reader = SafetensorsReader.Open(path))
            SafetensorsWriter.Write(path, reader.Tensors.Select(t => t.WithName("new." + t.Name)));
        var tensors = SafetensorsReader.ReadAll(path);
        Assert.That(tensors[1].Name, Is.EqualTo("new.wéights"));
        Assert.That(tensors[1].ToF32(), Is.EqualTo(new[] { 1.5f, -2f }));
    }

    [Test]
    public void A_failed_write_leaves_the_old_file_and_nothing_else()
    {
        var path = _folder.PathOf("a.safetensors");
        SafetensorsWriter.Write(path, Sample());
        var before = File.ReadAllBytes(path);
        var other = _folder.PathOf("b.safetensors");
        SafetensorsWriter.Write(other, Sample());
        var reader = SafetensorsReader.Open(other);
        reader.Dispose();
        Assert.That(() => SafetensorsWriter.Write(path, reader.Tensors), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(File.ReadAllBytes(path), Is.EqualTo(before));
        Assert.That(Directory.GetFiles(_folder.Path), Has.Length.EqualTo(2));
    }

    [Test]
    public void Unusable_names_and_places_are_refused()
    {
        var tensor = TensorData.From("a", [1], [1f]);
        Assert.Multiple(() =>
        {
            Assert.That(WriteError(tensor, tensor.WithName("a")), Does.Contain("twice"));
            Assert.That(WriteError(tensor.WithName("__metadata__")), Does.Contain("reserved"));
            Assert.That(WriteError(tensor.WithName("\ud800")), Does.Contain("not valid text"));
            Assert.That(
                () => SafetensorsWriter.Write(_folder.PathOf("no/such/folder/x"), [tensor]),
                Throws.TypeOf<FileWriteException>().With.Message.Contains("cannot be written"));
        });

        string WriteError(params TensorData[] tensors) =>
            Assert.Throws<SerializationException>(() => SafetensorsWriter.Write(_folder.PathOf("x"), tensors))!.Message;
    }

    [Test]
    public void Empty_files_scalars_and_empty_tensors_are_valid()
    {
        SafetensorsWriter.Write(_folder.PathOf("empty"), []);
        Assert.That(SafetensorsReader.ReadAll(_folder.PathOf("empty")), Is.Empty);
        SafetensorsWriter.Write(
            _folder.PathOf("odd"), [TensorData.From("none", [0, 5], Array.Empty<float>()),
                TensorData.From("scalar", [], [7.0])]);
        var tensors = SafetensorsReader.ReadAll(_folder.PathOf("odd"));
        Assert.That(tensors[0].Shape, Is.EqualTo(new[] { 0L, 5L }));
        Assert.That(tensors[1].ToF64(), Is.EqualTo(new[] { 7.0 }));
    }

    [Test]
    public void Unaligned_data_and_further_fields_are_accepted_as_the_reference_reader_does()
    {
        var path = WriteRaw(
            """{"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"f":{"dtype":"F32","shape":[1],"data_offsets":[1,5],"x":[{}]}} """,
            [9, 0, 0, 128, 63]);
        Assert.That(SafetensorsReader.ReadAll(path)[1].ToF32(), Is.EqualTo(new[] { 1f }));
        Assert.That(SafetensorsReader.ReadAll(path)[1].ToF64(), Is.EqualTo(new[] { 1.0 }));
    }

    [TestCase("", "does not begin with '{'")]
    [TestCase(" {}", "does not begin with '{'")]
    [TestCase("{", "not valid JSON")]
    [TestCase("{} x", "not valid JSON")]
    [TestCase("""{"a":1}""", "must be described by an object")]
    [TestCase(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""",
        "key 'a' twice")]
    [TestCase("""{"__metadata__":{"k":1}}""", "may hold strings only")]
    [TestCase("""{"__metadata__":{"k":"1","k":"2"}}""", "holds a key twice")]
    [TestCase("""{"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}""", "dtype 'F33', which is not supported")]
    [TestCase("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", "negative extent -1")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", "whole numbers")]
    [TestCase("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}""",
        "product of its shape overflows")]
    [TestCase("""{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,4]}}""",
        "product of its shape overflows")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "ends at byte 8 of 4")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}""", "negative data offset")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", "begins at 4 but ends at 0")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""", "1 data_offsets instead of two")]
    [TestCase("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,4]}}""", "needs 12 bytes but has 4")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1]}}""", "lacks its dtype, shape or data_offsets")]
    [TestCase(
        """{"a":{"dtype":"I16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"I16","shape":[1],"data_offsets":[2,4]}}""",
        "overlaps 'a'")]
    [TestCase(
        """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}""",
        "leaves a hole from byte 1 to 2")]
    [TestCase("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""",
        "3 bytes at the end of the file belong to no tensor")]
    public void A_broken_header_is_named(string json, string problem)
    {
        var path = WriteRaw(json, [0, 0, 0, 0]);
        var error = Assert.Throws<SerializationException>(() => SafetensorsReader.Open(path).Dispose());
        Assert.That(error!.Message, Does.StartWith(path).And.Contains(problem));
        Assert.That(error.Message, Does.Not.Contain("\n"));
    }

    [Test]
    public void Impossible_header_lengths_are_named()
    {
        Assert.Multiple(() =>
        {
            Assert.That(OpenError([]), Does.Contain("is empty"));
            Assert.That(OpenError([1, 2, 3]), Does.Contain("has 3 bytes"));
            Assert.That(OpenError(BitConverter.GetBytes(1L << 62)),
                Does.Contain("4611686018427387904 bytes, but only 0 follow"));
            Assert.That(OpenError([255, 255, 255, 255, 255, 255, 255, 255, 0]), Does.Contain("but only 1 follow"));
            Assert.That(OpenError([9, 0, 0, 0, 0, 0, 0, 0, (byte)'{']), Does.Contain("but only 1 follow"));
        });
        var large = _folder.PathOf("large");
        using (var stream = File.Create(large))
        {
            stream.Write(BitConverter.GetBytes(SafetensorsReader.MaxHeaderBytes + 1));
            stream.SetLength(SafetensorsReader.MaxHeaderBytes + 100); // sparse: takes no disk
        }
        Assert.That(
            () => SafetensorsReader.Open(large),
            Throws.TypeOf<SerializationException>().With.Message.Contains("more than the allowed 100000000"));
    }

    [Test]
    public void Missing_files_and_folders_are_named()
    {
        Assert.That(() => SafetensorsReader.Open(_folder.PathOf("absent")),
            Throws.TypeOf<SerializationException>().With.Message.Contains("no such file"));
        Assert.That(() => SafetensorsReader.Open(_folder.Path), Throws.TypeOf<SerializationException>());
    }

    [Test]
    public void Messages_stay_one_short_line_whatever_the_file_holds()
    {
        var name = "evil\\n\\u001b[31m" + new string('x', 5000);
        var path = WriteRaw($$$"""{"{{{name}}}":{"dtype":"F32","shape":[3],"data_offsets":[0,4]}}""", [0, 0, 0, 0]);
        var message = Assert.Throws<SerializationException>(() => SafetensorsReader.Open(path))!.Message;
        Assert.That(message, Has.Length.LessThan(500).And.Not.Contains("\n").And.Not.Contains("\u001b"));
    }

    [Test]
    public void Flipped_bytes_never_lead_to_another_exception() => Damage.ForManySeeds(ReadFlipped);

    private void ReadFlipped(int seed, byte flips)
    {
        var path = _folder.PathOf("valid");
        SafetensorsWriter.Write(path, Sample(), new Dictionary<string, string> { ["k"] = "v" });
        var bytes = File.ReadAllBytes(path);
        Damage.Flip(bytes, seed, flips % 8 + 1);
        Damage.AssertOnlySerializationException(_folder.Write("damaged", bytes), file =>
        {
            foreach (var tensor in SafetensorsReader.ReadAll(file)) tensor.ToF64();
        });
    }

    private static TensorData[] Sample() =>
    [
        TensorData.FromBytes("bytes", TensorDataType.U8, [3], new byte[] { 1, 2, 3 }),
        TensorData.From("wéights", [2, 1], [1.5f, -2f]),
        TensorData.From("pointer", [1], [42L]),
    ];

    private string OpenError(byte[] bytes)
    {
        var path = _folder.Write("bad", bytes);
        return Assert.Throws<SerializationException>(() => SafetensorsReader.Open(path).Dispose())!.Message;
    }

    private string WriteRaw(string json, byte[] data)
    {
        var header = Encoding.UTF8.GetBytes(json);
        return _folder.Write("raw", [.. BitConverter.GetBytes((long)header.Length), .. header, .. data]);
    }
}
