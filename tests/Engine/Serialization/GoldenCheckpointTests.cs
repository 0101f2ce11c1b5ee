using AmcEngine.Serialization;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Serialization;

/// <summary>Checkpoints that PyTorch wrote, against the same weights stored as safetensors.</summary>
[TestFixture, Category("Golden")]
public sealed class GoldenCheckpointTests
{
    [TestCase("albef-tiny.pth")]
    [TestCase("albef-tiny-legacy.pth")]
    public void Every_weight_equals_the_stored_one_bit_for_bit(string name)
    {
        using var checkpoint = TorchCheckpoint.Load(GoldenFiles.Require(name));
        using var stored = SafetensorsReader.Open(GoldenFiles.Require("albef-tiny.safetensors"));
        var compared = new List<string>();
        Assert.Multiple(() =>
        {
            foreach (var tensor in checkpoint.Tensors)
            {
                if (!stored.Contains($"after3/{tensor.Name}")) continue;
                var expected = stored[$"after3/{tensor.Name}"];
                Assert.That(tensor.Type, Is.EqualTo(expected.Type), tensor.Name);
                // The safetensors export of the golden data knows no scalars: it stores the temperature as [1].
                long[] shape = tensor.Name == "temp" ? [] : [.. expected.Shape];
                Assert.That(tensor.Shape, Is.EqualTo(shape), tensor.Name);
                Assert.That(tensor.Bytes.Span.SequenceEqual(expected.Bytes.Span), tensor.Name);
                compared.Add($"after3/{tensor.Name}");
            }
            Assert.That(stored.Tensors.Select(t => t.Name)
                .Where(n => n.StartsWith("after3/", StringComparison.Ordinal)), Is.SubsetOf(compared));
        });
        TestContext.Out.WriteLine($"{compared.Count} of {checkpoint.Tensors.Count} tensors compared");
        TestContext.Out.WriteLine("only in the checkpoint: "
            + string.Join(", ", checkpoint.Tensors.Where(t => !compared.Contains($"after3/{t.Name}"))));
    }

    [Test]
    public void The_optimizer_the_configuration_and_the_epoch_are_reachable()
    {
        using var checkpoint = TorchCheckpoint.Load(GoldenFiles.Require("albef-tiny.pth"));
        var average = (TensorData?)checkpoint.Find("optimizer", "state", 0, "exp_avg");
        Assert.Multiple(() =>
        {
            Assert.That(average?.Shape, Is.EqualTo(new[] { 48L }));
            Assert.That(average?.ToF32(), Has.Some.Not.Zero);
            Assert.That((checkpoint.Find("optimizer", "state", 0, "exp_avg_sq") as TensorData)?.ToF32(),
                Has.All.GreaterThanOrEqualTo(0));
            Assert.That(
                (checkpoint.Find("optimizer", "state", 0, "step") as TensorData)?.ToI64(), Is.EqualTo(new[] { 3L }));
            Assert.That(checkpoint.Find("optimizer", "param_groups", 1, "lr"), Is.EqualTo(0.001));
            Assert.That(checkpoint.Find("config", "image_res"), Is.EqualTo(64L));
            Assert.That(checkpoint.Find("epoch"), Is.EqualTo(0L));
            Assert.That(checkpoint.Find("lr_scheduler"), Is.Empty);
        });
    }

    [TestCase("albef-tiny.pth")]
    [TestCase("albef-tiny-legacy.pth")]
    public void Tied_weights_share_their_storage(string name)
    {
        using var checkpoint = TorchCheckpoint.Load(GoldenFiles.Require(name));
        var byName = checkpoint.Tensors.ToDictionary(t => t.Name);
        Assert.Multiple(() =>
        {
            Assert.That(
                byName["text_encoder.cls.predictions.decoder.weight"].StorageKey,
                Is.EqualTo(byName["text_encoder.bert.embeddings.word_embeddings.weight"].StorageKey));
            Assert.That(
                byName["text_encoder.cls.predictions.decoder.bias"].StorageKey,
                Is.EqualTo(byName["text_encoder.cls.predictions.bias"].StorageKey));
            Assert.That(byName["temp"].StorageKey, Is.Not.EqualTo(byName["image_queue"].StorageKey));
        });
    }

    [TestCase("albef-tiny.pth")]
    [TestCase("albef-tiny-legacy.pth")]
    public void A_download_that_broke_off_is_refused(string name)
    {
        using var folder = new TempFolder();
        var whole = File.ReadAllBytes(GoldenFiles.Require(name));
        var path = folder.Write("part.pth", whole);
        for (var part = 39; part >= 0; part--)
        {
            using (var stream = File.OpenWrite(path)) stream.SetLength((whole.Length - 1) / 40L * part);
            Assert.That(() => TorchCheckpoint.Load(path), Throws.TypeOf<SerializationException>());
        }
    }

    [Test]
    public void Golden_safetensors_open_and_survive_rewriting()
    {
        using var folder = new TempFolder();
        using var original = SafetensorsReader.Open(GoldenFiles.Require("albef-tiny.safetensors"));
        SafetensorsWriter.Write(folder.PathOf("copy"), original.Tensors, original.Metadata);
        using var copy = SafetensorsReader.Open(folder.PathOf("copy"));
        Assert.That(copy.Tensors.Select(t => t.ToString()), Is.EqualTo(original.Tensors.Select(t => t.ToString())));
        Assert.That(copy.Tensors.All(t => t.Bytes.Span.SequenceEqual(original[t.Name].Bytes.Span)));
    }
}
