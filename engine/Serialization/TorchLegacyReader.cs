using System.Numerics;
using AmcEngine.Files.Pickle;

namespace AmcEngine.Serialization;

/// <summary>
/// The form of <c>torch.save</c> before PyTorch 1.6: five pickles in a row (magic number, protocol version, system,
/// object, list of storage keys), then for each key its element count as a 64-bit number and its raw elements.
/// </summary>
internal static class TorchLegacyReader
{
    private const long ProtocolVersion = 1001;
    private const string Remedy = "the file is cut off or damaged: fetch it again";

    private static readonly BigInteger Magic = new(
        new byte[] { 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19 });

    public static object? Read(FileSource file)
    {
        var input = TorchPickle.Open(file.Path, file);
        if (ReadPlain(input) is not BigInteger magic || magic != Magic) throw SerializationException.In(
            file.Path, null, "is a pickle, but none that torch.save wrote",
            "give a .pth checkpoint or a safetensors file");
        var version = ReadPlain(input);
        if (version is not ProtocolVersion) throw SerializationException.In(
            file.Path, null, "has an unknown version of the legacy format", "save it again with a current PyTorch");
        var swapped = ReadPlain(input) is OrderedDictionary<object, object?> system
            && system.GetValueOrDefault("little_endian") is false;
        var storages = new TorchStorages(input);
        var globals = new TorchGlobals(input);
        var root = new PickleReader(
            input, globals.Resolve, id => TorchByteOrder.Apply(file.Path, storages.Load(id), swapped)).Read();
        BindStorages(file, storages, ReadPlain(input), input.Position, swapped);
        if (storages.Unbound() is { } missing) throw SerializationException.In(
            file.Path, null, $"holds no data for storage {SerializationException.Quote(missing.Key)}", Remedy);
        return root;
    }

    /// <summary>Reads a pickle of the preamble, which names no function and no storage.</summary>
    private static object? ReadPlain(PickleInput input) => new PickleReader(
        input,
        (module, name) =>
            throw input.Broken($"the name {SerializationException.Quote($"{module}.{name}")} in the preamble"), _ =>
                throw input.Broken("a storage in the preamble")).Read();

    private static void BindStorages(FileSource file, TorchStorages storages, object? keys, long position, bool swapped)
    {
        if (keys is not List<object?> list) throw SerializationException.In(
            file.Path, null, "has no list of storages", Remedy);
        foreach (var item in list)
        {
            if (item is not string key || storages.Find(key) is not { } found || found.Storage.IsBound)
                throw SerializationException.In(
                    file.Path, null, "lists a storage that no tensor uses, or one twice", Remedy);
            if (found.ElementSize == 0) throw SerializationException.In(
                file.Path, null, $"storage {SerializationException.Quote(key)} has elements of an unknown size, "
                    + "and what lies behind it cannot be found", "save the weights without it");
            var length = found.Storage.Length;
            if (position > file.Length - 8 || length > file.Length - 8 - position) throw SerializationException.In(
                file.Path, null, $"ends within storage {SerializationException.Quote(key)}", Remedy);
            var count = file.ReadArray(position, 8);
            if (swapped) Array.Reverse(count);
            if (BitConverter.ToInt64(count) != length / found.ElementSize) throw SerializationException.In(
                file.Path, null,
                $"storage {SerializationException.Quote(key)} has another length than its tensors expect", Remedy);
            found.Storage.Bind(file, position + 8);
            position += 8 + length;
        }
    }
}
