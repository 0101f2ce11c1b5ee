using System.IO.Compression;
using System.Numerics;
using AmcEngine.Serialization;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Serialization;

[TestFixture]
internal sealed class TorchCheckpointTests : FolderTests
{
    private static readonly float[] Six = [0, 1, 2, 3, 4, 5];

    [TestCase(CompressionLevel.NoCompression)]
    [TestCase(CompressionLevel.Optimal)]
    public void Tensors_are_found_under_model_under_state_dict_and_in_a_flat_file(CompressionLevel level)
    {
        string[] names = ["model", "state_dict"];
        foreach (var name in names)
        {
            var pickle = new PickleBuilder().Dict(name, p => p.Dict("w", Whole));
            using var nested = Load(TorchFiles.Zip(level, null, pickle.Stop(), ("0", TorchFiles.Bytes(Six))));
            Assert.That(nested.Tensors.Single().ToString(), Is.EqualTo("w F32 [2,3]"));
            Assert.That(nested.Tensors[0].ToF32(), Is.EqualTo(Six));
        }
        using var flat = Load(
            TorchFiles.Zip(level, "little", new PickleBuilder().Dict("w", Whole).Stop(), ("0", TorchFiles.Bytes(Six))));
        Assert.That(flat.Tensors.Single().ToF32(), Is.EqualTo(Six));
    }

    [Test]
    public void Strided_tensors_come_in_row_major_order()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Read([3, 2], [1, 3]), Is.EqualTo(new[] { 0f, 3, 1, 4, 2, 5 }), "transposed");
            Assert.That(Read([2], [2], offset: 1), Is.EqualTo(new[] { 1f, 3 }), "every other from the second");
            Assert.That(Read([2, 2], [0, 1], offset: 4), Is.EqualTo(new[] { 4f, 5, 4, 5 }), "expanded");
            Assert.That(
                Read([1, 3], [77, 1], offset: 3), Is.EqualTo(new[] { 3f, 4, 5 }), "stride of a single row is free");
            Assert.That(Read([], [], offset: 5), Is.EqualTo(new[] { 5f }), "scalar");
            Assert.That(Read([0, 9], [9, 1], offset: 6), Is.Empty, "no elements");
        });

        float[] Read(long[] shape, long[] strides, long offset = 0)
        {
            var pickle = new PickleBuilder().Dict("w", p => p.Tensor("0", 6, shape, strides, offset));
            using var checkpoint = Load(TorchFiles.Zip(pickle.Stop(), ("0", TorchFiles.Bytes(Six))));
            return checkpoint.Tensors[0].ToF32();
        }
    }

    [Test]
    public void Tied_tensors_show_the_same_storage()
    {
        var pickle = new PickleBuilder().Op('}').Op('(');
        Whole(pickle.Text("a"));
        Whole(pickle.Text("b"));
        pickle.Text("c").Tensor("1", 6, [6], [1]).Op('u');
        using var checkpoint = Load(
            TorchFiles.Zip(pickle.Stop(), ("0", TorchFiles.Bytes(Six)), ("1", TorchFiles.Bytes(Six))));
        Assert.That(checkpoint.Tensors.Select(t => t.StorageKey), Is.EqualTo(new[] { "0", "0", "1" }));
    }

    [TestCase("DoubleStorage", TensorDataType.F64)]
    [TestCase("HalfStorage", TensorDataType.F16)]
    [TestCase("BFloat16Storage", TensorDataType.BF16)]
    [TestCase("LongStorage", TensorDataType.I64)]
    [TestCase("IntStorage", TensorDataType.I32)]
    [TestCase("ShortStorage", TensorDataType.I16)]
    [TestCase("CharStorage", TensorDataType.I8)]
    [TestCase("ByteStorage", TensorDataType.U8)]
    [TestCase("BoolStorage", TensorDataType.Bool)]
    public void Every_storage_class_gives_its_type(string storage, TensorDataType type)
    {
        var pickle = new PickleBuilder().Dict("w", p => p.Tensor("0", 1, [1], [1], type: storage));
        using var checkpoint = Load(TorchFiles.Zip(pickle.Stop(), ("0", new byte[type.Size()])));
        Assert.That(checkpoint.Tensors[0].Type, Is.EqualTo(type));
    }

    [Test]
    public void Parameters_and_untyped_storages_of_newer_versions_load()
    {
        var pickle = new PickleBuilder().Op('}').Text("p").Global("torch._utils", "_rebuild_parameter").Op('(');
        Whole(pickle).Op(0x88).Op(')').Op('t').Op('R').Op('s');
        pickle.Text("u").Global("torch._utils", "_rebuild_tensor_v3").Op('(').Storage(
            "UntypedStorage", "1", 4, module: "torch.storage")
            .Int(1).Tuple(1).Tuple(1).Op(0x89).Op('}').Global("torch", "bfloat16").Op('t').Op('R').Op('s');
        using var checkpoint = Load(
            TorchFiles.Zip(pickle.Stop(), ("0", TorchFiles.Bytes(Six)), ("1", [0, 0, 128, 63])));
        Assert.That(checkpoint.Tensors[0].ToF32(), Is.EqualTo(Six));
        Assert.That(checkpoint.Tensors[1].ToF32(), Is.EqualTo(new[] { 1f }));
    }

    [Test]
    public void Big_endian_files_are_turned_round()
    {
        byte[] data = [63, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0];
        float[] expected = [1, 0, 0, 0, 0, 2];
        using var zip = Load(TorchFiles.Zip(
            CompressionLevel.NoCompression, "big", new PickleBuilder().Dict("w", Whole).Stop(), ("0", data)));
        Assert.That(zip.Tensors[0].ToF32(), Is.EqualTo(expected));
        using var legacy = Load(TorchFiles.Legacy(LegacyPickle(), littleEndian: false, ("0", 6, data)));
        Assert.That(legacy.Tensors[0].ToF32(), Is.EqualTo(expected));
    }

    [Test]
    public void Configuration_values_load_as_plain_data()
    {
        var pickle = new PickleBuilder().Dict("w", Whole).Text("config").Op(']').Op('(');
        pickle.Op('N').Op(0x88).Int(-3).Op('G', 0x3f, 0xe0, 0, 0, 0, 0, 0, 0).Text("é").Tuple(1, 2);
        pickle.Op(0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1);
        pickle.Global("torch", "float32").Global("torch", "device").Op('(').Text("cuda").Int(1).Op('t').Op('R');
        pickle.Global("torch", "Size").Tuple(4).Op(0x85).Op('R');
        pickle.Global("numpy.core.multiarray", "scalar").Global("numpy", "dtype").Op('(').Text("f8").Op(0x89).Op(0x88)
            .Op('t').Op('R');
        pickle.Op('(').Int(3).Text("<").Op('N').Op('t').Op('b');
        pickle.Global("_codecs", "encode").Text("\0\0\0\0\0\0\u00f8?").Text("latin1").Op(0x86).Op('R').Op(0x86).Op('R');
        pickle.Op('e').Op('s');
        using var checkpoint = Load(TorchFiles.Zip(pickle.Stop(), ("0", TorchFiles.Bytes(Six))));
        Assert.That(checkpoint.Find("config"), Is.EqualTo(new object?[]
        {
            null, true, -3L, 0.5, "é", new object?[] { 1L, 2L }, BigInteger.Pow(2, 64), "torch.float32", "cuda:1",
            new object?[] { 4L }, 1.5,
        }));
        Assert.That(checkpoint.Find("config", 5, 1), Is.EqualTo(2L));
        Assert.That(checkpoint.Find("config", 99, "x"), Is.Null);
    }

    [TestCase("os", "system")]
    [TestCase("posix", "system")]
    [TestCase("builtins", "eval")]
    [TestCase("__builtin__", "getattr")]
    [TestCase("torch.storage", "_load_from_bytes")]
    public void A_name_that_could_run_code_is_refused_in_both_forms(string module, string name)
    {
        var call = new PickleBuilder().Global(module, name).Text("touch /tmp/pwned").Op(0x85).Op('R').Stop();
        var stacked = new PickleBuilder().Text(module).Text(name).Op(0x93).Stop();
        foreach (var file in new[] { TorchFiles.Zip(call), TorchFiles.Zip(stacked), TorchFiles.Legacy(call, true) })
            Assert.That(LoadError(file),
                Does.Contain($"'{module}.{name}'").And.Contains("runs no code").And.Not.Contains("\n"));
        Assert.That(LoadError(call), Does.Contain($"{module}.{name}"), "in place of the legacy magic number");
    }

    [Test]
    public void Tensors_beyond_their_storage_are_refused()
    {
        Assert.Multiple(() =>
        {
            Assert.That(TensorError([7], [1]), Does.Contain("beyond its 6 elements"));
            Assert.That(TensorError([2, 3], [4, 1]), Does.Contain("beyond its 6 elements"));
            Assert.That(TensorError([1], [1], offset: 6), Does.Contain("beyond"));
            Assert.That(TensorError([1], [1], offset: -1), Does.Contain("beyond"));
            Assert.That(TensorError([2], [-1], offset: 3), Does.Contain("negative stride"));
            Assert.That(TensorError([-2], [1]), Does.Contain("negative or overflows"));
            Assert.That(TensorError([long.MaxValue, 4], [0, 0]), Does.Contain("overflows"));
            Assert.That(TensorError([2, 2], [long.MaxValue, long.MaxValue]), Does.Contain("beyond"));
            Assert.That(TensorError([1L << 32], [0]), Does.Contain("expands 6 stored elements"));
            Assert.That(TensorError([2], [1, 1]), Does.Contain("1 sizes and 2 strides"));
        });

        string TensorError(long[] shape, long[] strides, long offset = 0) => LoadError(TorchFiles.Zip(
            new PickleBuilder().Dict("w", p => p.Tensor("0", 6, shape, strides, offset))
                .Stop(), ("0", TorchFiles.Bytes(Six))));
    }

    [Test]
    public void Missing_and_short_storages_are_refused()
    {
        var zip = new PickleBuilder().Dict("w", Whole).Stop();
        Assert.Multiple(() =>
        {
            Assert.That(LoadError(TorchFiles.Zip(zip)), Does.Contain("lacks 'archive/data/0'"));
            Assert.That(
                LoadError(TorchFiles.Zip(zip, ("0", new byte[20]))), Does.Contain("20 bytes, but 24 are needed"));
            Assert.That(LoadError(TorchFiles.Legacy(LegacyPickle(), true)), Does.Contain("no data for storage '0'"));
            Assert.That(LoadError(TorchFiles.Legacy(LegacyPickle(), true, ("0", 6, new byte[20]))),
                Does.Contain("ends within storage '0'"));
            Assert.That(LoadError(TorchFiles.Legacy(LegacyPickle(), true, ("0", 5, new byte[24]))),
                Does.Contain("another length"));
            Assert.That(LoadError(TorchFiles.Legacy(LegacyPickle(), true, ("9", 6, new byte[24]))),
                Does.Contain("no tensor uses"));
        });
    }

    [Test]
    public void Archives_above_four_gigabytes_keep_their_numbers_in_zip64_records()
    {
        var pickle = new PickleBuilder().Dict("w", Whole).Stop();
        var zip64 = TorchFiles.Zip64(("a/data.pkl", pickle), ("a/data/0", TorchFiles.Bytes(Six)));
        using var checkpoint = Load(zip64);
        Assert.That(checkpoint.Tensors.Single().ToF32(), Is.EqualTo(Six));
        for (var length = 0; length < zip64.Length; length++) Assert.That(LoadError(zip64[..length]), Is.Not.Empty);
    }

    [Test]
    public void Other_files_are_named_for_what_they_are()
    {
        Assert.Multiple(() =>
        {
            Assert.That(LoadError([]), Does.Contain("is empty"));
            Assert.That(LoadError("hello"u8.ToArray()), Does.Contain("neither safetensors nor"));
            Assert.That(LoadError(new PickleBuilder().Int(3).Stop()), Does.Contain("none that torch.save wrote"));
            using var list = Load(TorchFiles.Zip(new PickleBuilder().Op(']').Stop()));
            Assert.That(
                () => list.Tensors, Throws.TypeOf<SerializationException>().With.Message.Contains("holds no dict"));
            using var plain = Load(TorchFiles.Zip(new PickleBuilder().Dict("lr", p => p.Int(1)).Stop()));
            Assert.That(
                () => plain.Tensors, Throws.TypeOf<SerializationException>().With.Message.Contains("keys: 'lr'"));
        });
    }

    [Test]
    public void Every_truncation_of_either_form_is_refused()
    {
        var zip = TorchFiles.Zip(new PickleBuilder().Dict("w", Whole).Stop(), ("0", TorchFiles.Bytes(Six)));
        var legacy = TorchFiles.Legacy(LegacyPickle(), true, ("0", 6, TorchFiles.Bytes(Six)));
        foreach (var whole in new[] { zip, legacy })
            for (var length = 0; length < whole.Length; length++)
                Assert.That(LoadError(whole[..length]), Is.Not.Empty, $"{length} of {whole.Length} bytes");
    }

    [Test]
    public void Flipped_bytes_never_lead_to_another_exception() => Damage.ForManySeeds(ReadFlipped);

    private void ReadFlipped(int seed, byte flips)
    {
        var zip = TorchFiles.Zip(CompressionLevel.Optimal, "little", new PickleBuilder().Dict("w", Whole).Stop(),
            ("0", TorchFiles.Bytes(Six)));
        var legacy = TorchFiles.Legacy(LegacyPickle(), true, ("0", 6, TorchFiles.Bytes(Six)));
        foreach (var file in new[] { zip, legacy })
        {
            Damage.Flip(file, seed, flips % 8 + 1);
            Damage.AssertOnlySerializationException(_folder.Write("damaged", file), path =>
            {
                using var checkpoint = TorchCheckpoint.Load(path);
                foreach (var tensor in checkpoint.Tensors) tensor.ToF64();
            });
        }
    }

    private static PickleBuilder Whole(PickleBuilder pickle) => pickle.Tensor("0", 6, [2, 3], [3, 1]);

    private static byte[] LegacyPickle() =>
        new PickleBuilder().Dict("w", p => p.Tensor("0", 6, [2, 3], [3, 1], legacy: true)).Stop();

    private TorchCheckpoint Load(byte[] file) => TorchCheckpoint.Load(_folder.Write(Path.GetRandomFileName(), file));

    private string LoadError(byte[] file)
    {
        var path = _folder.Write("bad.pth", file);
        var message = Assert.Throws<SerializationException>(() => TorchCheckpoint.Load(path).Dispose())!.Message;
        Assert.That(message, Does.StartWith(path));
        return message;
    }
}
