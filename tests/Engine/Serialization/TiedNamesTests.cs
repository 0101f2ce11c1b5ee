using AmcEngine.Serialization;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Serialization;

/// <summary>Tied weights are stored once, and all names come back where they stood.</summary>
[TestFixture]
internal sealed class TiedNamesTests : FolderTests
{
    [Test]
    public void Tied_tensors_are_stored_once_and_come_back_in_order()
    {
        var tensors = Tied();
        string once = _folder.PathOf("once"), each = _folder.PathOf("each");
        SafetensorsWriter.WriteOnce(once, tensors);
        SafetensorsWriter.Write(each, tensors);
        using var reader = SafetensorsReader.Open(once);
        using var other = SafetensorsReader.Open(each);
        Assert.Multiple(() =>
        {
            Assert.That(reader.Stored.Select(t => t.Name), Is.EqualTo(new[] { "a", "same", "c" }));
            Assert.That(other.Stored, Has.Count.EqualTo(5), "nothing is left out where that is not asked for");
            Assert.That(other.Metadata, Is.Empty);
            Assert.That(reader.Tensors.Select(t => t.Name), Is.EqualTo(tensors.Select(t => t.Name)));
            foreach (var tensor in tensors)
                Assert.That(reader[tensor.Name].ToF32(), Is.EqualTo(tensor.ToF32()), tensor.Name);
            Assert.That(reader.Metadata["b"], Is.EqualTo("a"), "the library's own way to note it");
            Assert.That(reader.Metadata["format"], Is.EqualTo("pt"));
            Assert.That(reader["b"].IsTiedTo(reader["a"]), "a further file knows it too");
            Assert.That(reader["same"].IsTiedTo(reader["a"]), Is.False, "equal numbers are not tied");
        });
    }

    [Test]
    public void What_is_of_another_shape_or_type_in_the_same_place_is_stored_for_itself()
    {
        var values = TensorData.From("a", [4], [1f, 2, 3, 4]);
        var part = values.Range(0, 2).WithName("part");
        TensorData[] tensors = [values, part, TensorData.From("empty", [0], Array.Empty<float>())];
        SafetensorsWriter.WriteOnce(_folder.PathOf("x"), tensors);
        using var reader = SafetensorsReader.Open(_folder.PathOf("x"));
        Assert.That(reader.Stored, Has.Count.EqualTo(3));
        Assert.That(reader.Metadata, Is.Empty, "without ties the file is an ordinary one");
    }

    // What the safetensors library's save_model leaves: no word about places; and metadata that means something else.
    [Test]
    public void Names_noted_by_others_come_last_and_other_metadata_is_no_name()
    {
        var path = _folder.PathOf("x");
        SafetensorsWriter.Write(path, [TensorData.From("pt", [1], [1f]), TensorData.From("w", [1], [2f])],
            new Dictionary<string, string>
            {
                ["format"] = "pt",
                ["tied"] = "w",
                ["w"] = "pt",
                ["author"] = "somebody",
                ["tied_positions"] = "[",
            });
        using var reader = SafetensorsReader.Open(path);
        Assert.That(reader.Tensors.Select(t => t.Name), Is.EqualTo(new[] { "pt", "w", "tied" }));
        Assert.That(reader["tied"].ToF32(), Is.EqualTo(new[] { 2f }));
        Assert.That(reader["w"].ToF32(), Is.EqualTo(new[] { 2f }), "what is stored goes before what is noted");
    }

    [Test]
    public void Tied_tensors_stay_tied_in_another_type()
    {
        var path = _folder.PathOf("x");
        SafetensorsWriter.WriteOnce(path, Tied().Select(t => t.ConvertTo(TensorDataType.BF16)));
        using var reader = SafetensorsReader.Open(path);
        Assert.That(reader.Stored, Has.Count.EqualTo(3));
        Assert.That(reader["b"].Type, Is.EqualTo(TensorDataType.BF16));
    }

    /// <summary>Five names of three tensors.</summary>
    internal static TensorData[] Tied()
    {
        var a = TensorData.From("a", [3], [1f, -2, 0.5f]);
        return [a, a.WithName("b"), TensorData.From("same", [3], [1f, -2, 0.5f]), TensorData.From("c", [1], [7f]),
            a.WithName("d")];
    }
}
