using AmcEngine.Serialization;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Serialization;

/// <summary>Where in a checkpoint the weights lie.</summary>
[TestFixture]
internal sealed class TorchStateTests : FolderTests
{
    private static readonly TensorData[] Plain = [TensorData.From("a.w", [2], [1f, 2f]),
        TensorData.From("a.b", [1], [3f])];
    private static readonly TensorData[] Averaged = [TensorData.From("a.w", [2], [4f, 5f]),
        TensorData.From("a.b", [1], [6f])];

    [TestCase(null)]
    [TestCase("model")]
    [TestCase("state_dict")]
    [TestCase("model_state_dict")]
    [TestCase("net")]
    [TestCase("module")]
    [TestCase("model_ema")]
    [TestCase("ema")]
    public void Weights_are_found_under_the_usual_keys_and_it_is_known_under_which(string? key)
    {
        using var file = Open(TorchFiles.Model(Plain, key));
        Assert.That(file.Tensors.Select(t => t.Name), Is.EqualTo(new[] { "a.w", "a.b" }));
        Assert.That(file.Key, Is.EqualTo(key));
        Assert.That(file.OtherKeys, Is.Empty);
    }

    [Test]
    public void Of_two_sets_the_model_is_taken_the_other_named_and_a_key_chooses()
    {
        var both = TorchFiles.Models(null, ("model_ema", "", Averaged), ("model", "", Plain));
        using (var file = Open(both))
        {
            Assert.That(file.Tensors[0].ToF32(), Is.EqualTo(new[] { 1f, 2f }));
            Assert.That((file.Key, file.OtherKeys.Single()), Is.EqualTo(("model", "model_ema")));
        }
        using (var file = Open(both, "model_ema"))
        {
            Assert.That(file.Tensors[0].ToF32(), Is.EqualTo(new[] { 4f, 5f }));
            Assert.That((file.Key, file.OtherKeys.Count), Is.EqualTo(("model_ema", 0)));
        }
    }

    [Test]
    public void Keys_within_keys_are_followed()
    {
        var nested = TorchFiles.Zip(new PickleBuilder()
            .Dict("model", p => p.Dict("state_dict", q => q.Dict("w", Tensor))).Stop(), ("0", TorchFiles.Bytes(7f)));
        using (var file = Open(nested))
            Assert.That((file.Tensors.Single().Name, file.Key), Is.EqualTo(("w", "model.state_dict")));
        using (var file = Open(nested, "model")) Assert.That(file.Tensors.Single().Name, Is.EqualTo("w"));
        using (var file = Open(nested, "model.state_dict")) Assert.That(file.Tensors.Single().Name, Is.EqualTo("w"));
    }

    [Test]
    public void An_unknown_key_and_weights_under_an_unusual_one_list_what_is_there()
    {
        var both = TorchFiles.Models(null, ("generator", "", Plain), ("critic", "", Averaged));
        Assert.That(
            Error(both, "modle"), Does.Contain("'modle'").And.Contains("'generator', 'critic'").And.Contains("--key"));
        Assert.That(Error(both), Does.Contain("'generator', 'critic'").And.Contains("--key"));
        Assert.That(Error(TorchFiles.Model(Plain, null), "model"), Does.Contain("'model'").And.Contains("it has none"));
        using var file = Open(both, "critic");
        Assert.That(file.Tensors[0].ToF32(), Is.EqualTo(new[] { 4f, 5f }));
    }

    [Test]
    public void Random_states_and_small_sets_are_no_other_weights()
    {
        using var file = Open(TorchFiles.Zip(
            new PickleBuilder().Op('}').Op('(').Text("rng").Dict(
                "cpu", p => p.Tensor("1", 4, [4], [1], type: "ByteStorage"))
                .Text("generator").Op('}').Op('(').Text("x").Tensor("0", 1, [1], [1]).Text("y").Tensor("0", 1, [1], [1])
                .Text("z").Tensor("0", 1, [1], [1]).Op('u')
                .Text("centre").Dict("c", Tensor).Op('u').Stop(),
            ("0", TorchFiles.Bytes(7f)), ("1", new byte[4])), "generator");
        Assert.That(file.Tensors, Has.Count.EqualTo(3));
        var withModel = TorchFiles.Models(
            p => p.Text("rng").Dict("cpu", q => q.Tensor("0", 8, [8], [1], type: "ByteStorage")).Text("centre")
                .Dict("c", q => q.Tensor("1", 1, [1], [1])), ("model", "", [TensorData.From("a", [2], [1f, 2f]),
                    TensorData.From("b", [1], [1f]), TensorData.From("c", [1], [1f])]));
        using var trained = Open(withModel);
        Assert.That(trained.OtherKeys, Is.Empty);
    }

    [Test]
    public void A_root_of_many_keys_that_all_lead_to_one_large_dict_takes_no_time()
    {
        var bomb = new PickleBuilder().Op('}').Op('q', 0).Op('(');
        for (var i = 0; i < 100_000; i++) bomb.Op('K', (byte)i).Op('N');
        bomb.Op('u').Op('0').Op('}').Op('(');
        for (var i = 0; i < 50_000; i++) bomb.Text($"{i}").Op('h', 0);
        Damage.AssertOnlySerializationException(
            _folder.Write("bomb", TorchFiles.Zip(bomb.Op('u').Stop())), path => TensorFile.Open(path).Dispose());
    }

    [Test]
    public void A_checkpoint_that_contains_itself_is_refused()
    {
        var cyclic = new PickleBuilder().Op('}').Op('q', 0).Op('(').Text("model").Op('h', 0).Text("state_dict")
            .Op('h', 0).Text("net").Op('h', 0).Op('u').Stop();
        Assert.That(Error(TorchFiles.Zip(cyclic)), Does.Contain("no tensors"));
    }

    private static PickleBuilder Tensor(PickleBuilder pickle) => pickle.Tensor("0", 1, [1], [1]);

    private TensorFile Open(byte[] file, string? key = null) =>
        TensorFile.Open(_folder.Write(Path.GetRandomFileName(), file), key);

    private string Error(byte[] file, string? key = null) =>
        Assert.Throws<SerializationException>(() => Open(file, key).Dispose())!.Message;
}
