using System.Text;
using AmcEngine.Files.Pickle;

namespace AmcEngine.Serialization;

/// <summary>
/// The zip form of <c>torch.save</c> (PyTorch 1.6 and later): <c>NAME/data.pkl</c>, the storages as
/// <c>NAME/data/KEY</c>, and in newer versions <c>NAME/byteorder</c>.
/// </summary>
internal static class TorchZipReader
{
    private const string PickleName = "data.pkl";

    public static object? Read(FileSource file)
    {
        var zip = ZipDirectory.Read(file);
        var prefix = FindPrefix(file.Path, zip);
        var swapped = IsBigEndian(file.Path, zip, prefix);
        var pickle = zip.Find(prefix + PickleName)!;
        if (pickle.Length > TorchPickle.Limits.MaxBytes) throw SerializationException.In(
            file.Path,
            null, $"its {PickleName} has {pickle.Length} bytes, more than the allowed {TorchPickle.Limits.MaxBytes}",
            "save the weights without other large objects");
        var input = TorchPickle.Open(file.Path, zip.Open(pickle));
        var storages = new TorchStorages(input) { Added = storage => Bind(file.Path, zip, prefix, storage) };
        var globals = new TorchGlobals(input);
        return new PickleReader(
            input, globals.Resolve, id => TorchByteOrder.Apply(file.Path, storages.Load(id), swapped)).Read();
    }

    private static string FindPrefix(string path, ZipDirectory zip)
    {
        if (zip.Entries.Any(entry => entry.Name.EndsWith("/constants.pkl", StringComparison.Ordinal)))
            throw SerializationException.In(
                path, null, "is a TorchScript program, not a checkpoint",
                "save its weights: torch.save(model.state_dict(), path)");
        string[] names = [.. zip.Entries.Select(entry => entry.Name).Where(
            name => name == PickleName || name.EndsWith('/' + PickleName, StringComparison.Ordinal))];
        if (names.Length != 1) throw SerializationException.In(
            path, null, $"is a zip archive with {names.Length} entries data.pkl instead of one",
            "give a file that torch.save wrote");
        return names[0][..^PickleName.Length];
    }

    private static bool IsBigEndian(string path, ZipDirectory zip, string prefix)
    {
        // older files are little-endian
        if (zip.Find(prefix + "byteorder") is not { Length: <= 16 } entry) return false;
        var order = Encoding.ASCII.GetString(zip.Open(entry).ReadArray(0, (int)entry.Length));
        return order.Trim() switch
        {
            "little" => false,
            "big" => true,
            _ => throw SerializationException.In(
                path, null, $"has the byte order {SerializationException.Quote(order)}",
                "it must be 'little' or 'big'"),
        };
    }

    private static void Bind(string path, ZipDirectory zip, string prefix, TorchStorage storage)
    {
        var name = $"{prefix}data/{storage.Key}";
        if (zip.Find(name) is not { } entry) throw SerializationException.In(
            path, null, $"the archive lacks {SerializationException.Quote(name)}",
            "the file is incomplete: fetch it again");
        if (entry.Length < storage.Length) throw SerializationException.In(
            path,
            null, $"{SerializationException.Quote(name)} has {entry.Length} bytes, but {storage.Length} are needed",
            "the file is incomplete: fetch it again");
        storage.Bind(zip.Open(entry), 0);
    }
}
