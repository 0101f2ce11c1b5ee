using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using AmcEngine.Files;
using AmcEngine.Serialization;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Serialization;

/// <summary>Checkpoints of several files and their index.</summary>
[TestFixture]
internal sealed class SafetensorsShardsTests : FolderTests
{
    private string Whole => _folder.PathOf("model.safetensors");

    private string Index => _folder.PathOf("model.safetensors.index.json");

    [Test]
    public void Shards_keep_to_their_size_and_come_back_as_one()
    {
        TensorData[] tensors = [Zeros("first", 2), .. TiedNamesTests.Tied(), Zeros("large", 9), Zeros("last", 3)];
        var files = SafetensorsShards.Write(Whole, tensors, shardBytes: 32);
        Assert.That(files.Select(Path.GetFileName), Is.EqualTo(new[]
        {
            "model-00001-of-00004.safetensors", "model-00002-of-00004.safetensors", "model-00003-of-00004.safetensors",
            "model-00004-of-00004.safetensors", "model.safetensors.index.json",
        }));
        string[][] stored = [.. files.SkipLast(1).Select(f =>
        {
            using var shard = SafetensorsReader.Open(f);
            return shard.Stored.Select(t => t.Name).ToArray();
        })];
        Assert.That(stored, Is.EqualTo(new string[][] { ["first", "a", "same"], ["c"], ["large"], ["last"] }));
        var index = JsonNode.Parse(File.ReadAllText(Index))!;
        Assert.That((long)index["metadata"]!["total_size"]!, Is.EqualTo(4 * (2 + 3 + 3 + 1 + 9 + 3)));
        Assert.That(index["weight_map"]!.AsObject().ToDictionary(p => p.Key, p => (string)p.Value!), Is.EqualTo(
            stored.SelectMany((names, i) => names.Select(n => (n, i)))
                .ToDictionary(p => p.n, p => Path.GetFileName(files[p.i]))), "stored names alone, for other readers");
        using var whole = TensorFile.Open(Index);
        Assert.That(whole.Tensors.Select(t => t.ToString()), Is.EqualTo(tensors.Select(t => t.ToString())));
        Assert.That(whole.Tensors.Select(t => t.ToF32()), Is.EqualTo(tensors.Select(t => t.ToF32())));
        Assert.That(Directory.GetFiles(_folder.Path), Has.Length.EqualTo(5), "no temporary file is left");
    }

    [Test]
    public void What_fits_one_file_is_an_ordinary_one()
    {
        Assert.That(SafetensorsShards.Write(Whole, [Zeros("a", 2), Zeros("b", 2)], 16), Is.EqualTo(new[] { Whole }));
        Assert.That(Directory.GetFiles(_folder.Path), Is.EqualTo(new[] { Whole }));
    }

    [Test]
    public void A_whole_file_in_the_way_is_an_error_and_a_failure_leaves_the_shards_before()
    {
        SafetensorsShards.Write(Whole, [Zeros("a", 2), Zeros("b", 2)], 8);
        var before = Directory.GetFiles(_folder.Path).ToDictionary(f => f, File.ReadAllBytes);
        var broken = TensorData.From("b", TensorDataType.F32, [2], (_, _) => throw new InvalidOperationException());
        Assert.That(() => SafetensorsShards.Write(Whole, [Zeros("x", 2), broken], 8), Throws.InvalidOperationException);
        Assert.That(Directory.GetFiles(_folder.Path).ToDictionary(f => f, File.ReadAllBytes), Is.EqualTo(before));
        SafetensorsWriter.Write(Whole, [Zeros("a", 2)]);
        Assert.That(() => SafetensorsShards.Write(Whole, [Zeros("a", 2), Zeros("b", 2)], 8),
            Throws.TypeOf<SerializationException>().With.Message.Contains("there already"));
    }

    // A folder where a file should come stands for whatever ends a save between two renames.
    [Test]
    public void An_older_index_names_no_mixture_of_old_and_new_files()
    {
        var files = SafetensorsShards.Write(Whole, [Zeros("a", 2), Zeros("b", 2)], 8);
        File.Delete(files[1]);
        Directory.CreateDirectory(files[1]);
        Assert.That(() => SafetensorsShards.Write(Whole, [Zeros("a", 2), Zeros("b", 2)], 8),
            Throws.TypeOf<FileWriteException>());
        Assert.That(File.Exists(files[0]), Is.True, "the first one is new");
        Assert.That(File.Exists(Index), Is.False);
    }

    [Test]
    public void A_missing_file_is_named()
    {
        var files = SafetensorsShards.Write(Whole, [Zeros("a", 2), Zeros("b", 2)], 8);
        File.Delete(files[1]);
        Expect(Index, "'model-00002-of-00002.safetensors'", "not beside it");
    }

    [Test]
    public void Each_file_is_filled_before_the_next_one_begins()
    {
        var files = SafetensorsShards.Write(Whole, [.. "abcde".Select(name => Zeros($"{name}", 2))], 16);
        Assert.That(files, Has.Count.EqualTo(4), "two, two and one of 8 bytes, and the index");
    }

    // More than is copied at a time.
    [Test]
    public void A_large_tensor_comes_back_whole()
    {
        float[] values = [.. Enumerable.Range(0, 600_000).Select(i => (float)i)];
        SafetensorsShards.Write(Whole, [TensorData.From("a", [values.Length], values)], long.MaxValue);
        using var file = TensorFile.Open(Whole);
        var read = new byte[values.Length * sizeof(float)];
        file.Tensors[0].Read(0, read);
        Assert.That(read.AsSpan().SequenceEqual(MemoryMarshal.AsBytes(values.AsSpan())), Is.True);
    }

    [Test]
    public void A_name_in_two_files_is_an_error()
    {
        var files = SafetensorsShards.Write(Whole, [Zeros("a", 2), Zeros("b", 2)], 8);
        SafetensorsWriter.Write(files[1], [Zeros("a", 2), Zeros("b", 2)]);
        Expect(Index, "'a'", "in two files", "00001", "00002");
        _folder.Write("model.safetensors.index.json",
            """{"weight_map": {"a": "model-00001-of-00002.safetensors", "a": "model-00002-of-00002.safetensors"}}""");
        Expect(Index, "'a'", "in two files");
    }

    [TestCase("""{"weight_map": {"a": "s.safetensors", "z": "s.safetensors"}}""", "'z'", "lacks it")]
    [TestCase(
        """{"weight_map": {"a": "t.safetensors", "b": "s.safetensors"}}""", "'a'", "'t.safetensors', which lacks it")]
    [TestCase("""{"weight_map": {"a": "../s.safetensors"}}""", "'a'", "no plain file name")]
    [TestCase("""{"weight_map": {"a": "..\\s.safetensors"}}""", "'a'", "no plain file name")]
    [TestCase("""{"weight_map": {"a": ".."}}""", "'a'", "no plain file name")]
    [TestCase("""{"weight_map": {"a": 1}}""", "'a'", "name of a file")]
    [TestCase("""{"weight_map": {}}""", "names no tensor", "weight_map")]
    [TestCase("""{"weights": {}}""", "holds no object", "weight_map")]
    [TestCase("""{"weight_map": {"a": """, "no valid JSON", "index")]
    public void An_index_that_is_wrong_is_an_error_of_one_line(string index, string part, string other)
    {
        SafetensorsWriter.Write(_folder.PathOf("s.safetensors"), [Zeros("a", 2)]);
        SafetensorsWriter.Write(_folder.PathOf("t.safetensors"), [Zeros("b", 2)]);
        Expect(_folder.Write("model.safetensors.index.json", index), part, other);
    }

    [Test]
    public void The_bytes_tell_an_index_and_other_readers_say_what_it_is()
    {
        SafetensorsShards.Write(Whole, [Zeros("a", 2), Zeros("b", 2)], 8);
        File.Copy(Index, _folder.PathOf("renamed"));
        using (var file = TensorFile.Open(_folder.PathOf("renamed")))
            Assert.That(file.Tensors, Has.Count.EqualTo(2));
        Assert.That(() => SafetensorsReader.Open(Index), Throws.TypeOf<SerializationException>()
            .With.Message.Contains("an index of safetensors files"));
        Assert.That(() => TensorFile.Open(Index, "model"), Throws.TypeOf<SerializationException>()
            .With.Message.Contains("no key"));
    }

    private static TensorData Zeros(string name, int count) => TensorData.From(name, [count], new float[count]);

    private static void Expect(string path, params string[] parts)
    {
        var message = Assert.Throws<SerializationException>(() => TensorFile.Open(path).Dispose())!.Message;
        Assert.That(message, Does.StartWith(path).And.Not.Contain("\n"));
        foreach (var part in parts)
            Assert.That(message, Does.Contain(part));
    }
}
