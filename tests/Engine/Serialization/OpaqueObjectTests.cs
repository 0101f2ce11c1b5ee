using AmcEngine.Serialization;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Serialization;

/// <summary>What people save beside their weights is let be: not run, not fatal.</summary>
[TestFixture]
internal sealed class OpaqueObjectTests : FolderTests
{
    private static readonly float[] Six = [0, 1, 2, 3, 4, 5];

    [TestCase(2)]
    [TestCase(4)]
    public void Objects_that_Python_pickled_stay_opaque(int protocol)
    {
        var real = protocol == 2 ? RealPickles.Protocol2 : RealPickles.Protocol4;
        using var checkpoint = Load(Beside(p => p.Text("extra").Value(real)));
        Assert.Multiple(() =>
        {
            Assert.That(checkpoint.Tensors.Single().ToF32(), Is.EqualTo(Six));
            Assert.That(Extra("args"), Is.EqualTo(new OpaqueObject("argparse.Namespace")));
            Assert.That(Extra("counter"), Is.EqualTo(new Dictionary<object, object?> { [10L] = 1L, [20L] = 2L }));
            Assert.That(Extra("pairs"), Is.Empty, "keys that are tuples");
            Assert.That(Extra("none_key"), Is.EqualTo(new Dictionary<object, object?> { ["k"] = 4L }));
            Assert.That(Extra("default"), Has.Count.EqualTo(1));
            Assert.That(Extra("queue"), Is.EqualTo(new OpaqueObject("collections.deque")));
            Assert.That(Extra("path"), Is.EqualTo(new OpaqueObject("pathlib.PurePosixPath")));
            Assert.That(Extra("when"), Is.EqualTo(new OpaqueObject("datetime.datetime")));
            Assert.That(Extra("enum"), Is.EqualTo(new OpaqueObject("http.HTTPStatus")));
            Assert.That(Extra("bytes"), Is.EqualTo(new byte[] { 0, 255 }));
            Assert.That(Extra("set"), Is.EquivalentTo(new object[] { 1L, 2L }));
            Assert.That(Extra("fraction"), Is.EqualTo(new OpaqueObject("fractions.Fraction")));
        });

        object? Extra(string key) => checkpoint.Find("extra", key);
    }

    [Test]
    public void The_random_state_of_numpy_stays_opaque_and_that_of_torch_is_a_tensor()
    {
        var file = TorchFiles.Zip(
            new PickleBuilder().Op('}').Op('(').Text("model").Dict("w", Whole)
                .Text("numpy").Op('(').Text("MT19937").Value(NumpyArray("u4", 2496)).Int(624).Int(0)
                .Op('G', 0, 0, 0, 0, 0, 0, 0, 0).Op('t')
                .Text("torch").Tensor("1", 16, [16], [1], type: "ByteStorage")
                .Text("best").Call("numpy.core.multiarray", "scalar", a => a.Value(NumpyType("U5", ">")).Op('C', 1, 65))
                .Op('u').Stop(),
            ("0", TorchFiles.Bytes(Six)), ("1", new byte[16]));
        using var checkpoint = Load(file);
        Assert.That(checkpoint.Tensors.Single().ToF32(), Is.EqualTo(Six));
        Assert.That(checkpoint.Find("numpy", 1), Is.EqualTo(new OpaqueObject("numpy.core.multiarray._reconstruct")));
        Assert.That(checkpoint.Find("numpy", 2), Is.EqualTo(624L));
        Assert.That((checkpoint.Find("torch") as TensorData)?.Type, Is.EqualTo(TensorDataType.U8));
        Assert.That(checkpoint.Find("best"), Is.TypeOf<OpaqueObject>());
    }

    [Test]
    public void Large_arrays_of_numpy_beside_the_weights_are_not_copied()
    {
        using var checkpoint = Load(Beside(p => p.Text("features").Value(NumpyArray("u1", 5_000_000))));
        Assert.That(checkpoint.Tensors.Single().ToF32(), Is.EqualTo(Six));
    }

    [Test]
    public void Schedulers_and_objects_of_the_oldest_form_are_passed_over()
    {
        using var checkpoint = Load(Beside(p => p
            .Text("scheduler").Global("torch.optim.lr_scheduler", "CosineAnnealingLR").Op(')').Op(0x81)
            .Dict("base_lrs", d => d.Op(']')).Op('b')
            .Text("keywords").Global("some.module", "Thing").Op(')').Op('}').Op(0x92)
            .Text("instance").Op('(').Int(1).Op('i').Op([.. "old\nStyle\n"u8])
            .Text("object").Op('(').Global("old", "Other").Int(1).Op('o')
            .Text("list").Call("my", "List").Op('(').Int(1).Op('e').Int(2).Op('a')
            .Text("dict").Call("my", "Dict").Op('(').Op(')').Int(1).Op('u')));
        Assert.That(checkpoint.Tensors.Single().ToF32(), Is.EqualTo(Six));
        Assert.That(checkpoint.Find("instance"), Is.EqualTo(new OpaqueObject("old.Style")));
        Assert.That(checkpoint.Find("object"), Is.EqualTo(new OpaqueObject("old.Other")));
        Assert.That(checkpoint.Find("dict"), Is.EqualTo(new OpaqueObject("my.Dict")));
    }

    [Test]
    public void A_command_beside_the_weights_is_not_run()
    {
        var proof = _folder.PathOf("proof");
        using var checkpoint = Load(Beside(p => p.Text("x").Call("os", "system", a => a.Text($"touch {proof}"))));
        Assert.That(checkpoint.Find("x"), Is.EqualTo(new OpaqueObject("os.system")));
        Assert.That(File.Exists(proof), Is.False);
    }

    [Test]
    public void A_command_in_place_of_a_tensor_is_an_error_that_names_both()
    {
        var file = TorchFiles.Zip(new PickleBuilder()
            .Dict("model", p => p.Dict("w", v => v.Call("os", "system", a => a.Text("true")))).Stop());
        using var checkpoint = Load(file);
        Assert.That(() => checkpoint.Tensors, Throws.TypeOf<SerializationException>()
            .With.Message.Contains("'os.system'").And.Message.Contains("runs no code"));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Sparse_complex_and_quantised_tensors_are_skipped_by_name(bool legacy)
    {
        var pickle = new PickleBuilder().Op('}').Op('(')
            .Text("complex").Tensor("c", 2, [2], [1], type: "ComplexFloatStorage", legacy: legacy)
            .Text("sparse").Call("torch._utils", "_rebuild_sparse_tensor", a => a.Global("torch", "sparse_coo").Op('(')
                .Tensor("0", 6, [6], [1], legacy: legacy).Tensor("0", 6, [6], [1], legacy: legacy).Tuple(9).Op('t'))
            .Text("quantised").Call("torch._utils", "_rebuild_qtensor", a => a.Storage("QInt8Storage", "q", 3, legacy)
                .Int(0).Tuple(3).Tuple(1).Op('(').Global("torch", "per_tensor_affine").Int(1).Int(0).Op('t')
                .Op(0x89).Op('}'))
            .Text("w").Tensor("0", 6, [6], [1], legacy: legacy).Op('u');
        var file = legacy
            ? TorchFiles.Legacy(
                pickle.Stop(), true, ("c", 2, new byte[16]), ("q", 3, new byte[3]), ("0", 6, TorchFiles.Bytes(Six)))
            : TorchFiles.Zip(pickle.Stop(), ("c", new byte[16]), ("q", new byte[3]), ("0", TorchFiles.Bytes(Six)));
        using var opened = TensorFile.Open(_folder.Write("x.pth", file));
        Assert.That(opened.Tensors.Single().ToF32(), Is.EqualTo(Six));
        Assert.That(opened.Skipped, Is.EqualTo(new[]
        {
            new SkippedEntry("complex", "a complex tensor"), new SkippedEntry("sparse", "a sparse tensor"),
            new SkippedEntry("quantised", "a quantised tensor"),
        }));
    }

    [Test]
    public void Element_types_that_nobody_knows_are_skipped_where_their_bytes_can_be()
    {
        var untyped = TorchFiles.Zip(
            new PickleBuilder().Op('}').Op('(').Text("f8").Call(
                "torch._utils", "_rebuild_tensor_v3", a => a.Storage("UntypedStorage", "1", 4, module: "torch.storage")
                    .Int(0).Tuple(4).Tuple(1).Op(0x89).Op('}').Global("torch", "float8_e4m3fn")).Text("w")
                    .Tensor("0", 6, [6], [1]).Op('u').Stop(), ("1", new byte[4]), ("0", TorchFiles.Bytes(Six)));
        using (var opened = TensorFile.Open(_folder.Write("f8.pth", untyped)))
            Assert.That(opened.Skipped.Single().ToString(), Does.Contain("f8").And.Contains("'torch.float8_e4m3fn'"));

        PickleBuilder Odd(bool legacy) =>
            new PickleBuilder().Op('}').Op('(').Text("odd").Tensor("1", 4, [4], [1], type: "OddStorage", legacy: legacy)
                .Text("w").Tensor("0", 6, [6], [1], legacy: legacy).Op('u');
        using (var opened = TensorFile.Open(_folder.Write(
            "odd.pth", TorchFiles.Zip(Odd(false).Stop(), ("1", new byte[4]), ("0", TorchFiles.Bytes(Six))))))
            Assert.That(opened.Skipped.Single().ToString(), Does.Contain("'torch.OddStorage'"));
        var legacy = _folder.Write("legacy.pth", TorchFiles.Legacy(
            Odd(true).Stop(), true, ("1", 4, new byte[4]), ("0", 6, TorchFiles.Bytes(Six))));
        Assert.That(() => TensorFile.Open(legacy),
            Throws.TypeOf<SerializationException>().With.Message.Contains("unknown size"));
    }

    private static PickleBuilder Whole(PickleBuilder pickle) => pickle.Tensor("0", 6, [6], [1]);

    /// <summary>
    /// A checkpoint with one tensor under <c>model</c>, and what <paramref name="more"/> writes beside it.
    /// </summary>
    private static byte[] Beside(Action<PickleBuilder> more)
    {
        var pickle = new PickleBuilder().Op('}').Op('(').Text("model").Dict("w", Whole);
        more(pickle);
        return TorchFiles.Zip(pickle.Op('u').Stop(), ("0", TorchFiles.Bytes(Six)));
    }

    /// <summary>
    /// An array as numpy's protocol 2 writes it: an empty one, then its state with the bytes as text.
    /// </summary>
    private static byte[] NumpyArray(string type, int bytes) => new PickleBuilder()
        .Call("numpy.core.multiarray", "_reconstruct",
            a => a.Global("numpy", "ndarray").Tuple(0).Call("_codecs", "encode", e => e.Text("b").Text("latin1")))
        .Op('(').Int(1).Tuple(bytes).Value(NumpyType(type, "<")).Op(0x89)
        .Call("_codecs", "encode", e => e.Text(new string('x', bytes)).Text("latin1")).Op('t').Op('b').Stop();

    private static byte[] NumpyType(string code, string order) => new PickleBuilder()
        .Call("numpy", "dtype", a => a.Text(code).Op(0x89).Op(0x88)).Op('(').Int(3).Text(order).Op('N').Op('N').Op('N')
        .Int(-1).Int(-1).Int(0).Op('t').Op('b').Stop();

    private TorchCheckpoint Load(byte[] file) => TorchCheckpoint.Load(_folder.Write(Path.GetRandomFileName(), file));
}
