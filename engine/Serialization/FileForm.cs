using System.Buffers.Binary;
using System.Text;

namespace AmcEngine.Serialization;

/// <summary>What a file is.</summary>
internal enum FileForm
{
    /// <summary>Nothing that is recognised.</summary>
    Unknown = 0,

    /// <summary>Safetensors.</summary>
    Safetensors = 1,

    /// <summary>A zip archive, as <c>torch.save</c> writes since PyTorch 1.6.</summary>
    Zip = 2,

    /// <summary>A pickle, as <c>torch.save</c> wrote before.</summary>
    Pickle = 3,

    /// <summary>The index of a safetensors checkpoint of several files.</summary>
    Index = 4,
}

/// <summary>
/// Tells the form of a file by its first bytes, whatever its name says, and calls by its name what people have in place
/// of a checkpoint: a page that a server sent, a Git-LFS pointer, an archive.
/// </summary>
internal static class FileForms
{
    private const int HeadBytes = 512;
    private const int TarMagicAt = 257;
    private const int Shown = 40;
    private const string FetchAgain = "fetch the file itself again";

    private static readonly (byte[] Magic, string Name)[] Packed =
    [
        ([0x1f, 0x8b], "gzip"), ([0xfd, .. "7zXZ"u8], "xz"), ([0x28, 0xb5, 0x2f, 0xfd], "zstd"),
        ([.. "BZh"u8], "bzip2"),
        ([.. "7z"u8, 0xbc, 0xaf], "7z"),
    ];

    /// <summary>The form of a file.</summary>
    /// <exception cref="SerializationException">
    /// It is something else that has a name, which the message says.
    /// </exception>
    public static FileForm Tell(FileSource file)
    {
        if (file.Length == 0) throw SerializationException.In(file.Path, null, "the file is empty", "fetch it again");
        var head = file.ReadArray(0, (int)Math.Min(HeadBytes, file.Length));
        // Safetensors first: the low bytes of its header's length may look like the beginning of any other form.
        if (IsSafetensors(head)) return FileForm.Safetensors;
        if (head.AsSpan().StartsWith("PK\x03\x04"u8)) return FileForm.Zip;
        if (head is [0x80, <= 5, ..]) return FileForm.Pickle;
        if (IsIndex(file.Path, head)) return FileForm.Index;
        if (Other(head) is { } other) throw SerializationException.In(file.Path, null, other.What, other.Remedy);
        return FileForm.Unknown;
    }

    /// <summary>The error for a file of none of the forms.</summary>
    public static SerializationException Unrecognised(string path) => SerializationException.In(
        path, null, "is neither safetensors nor a form of PyTorch checkpoint",
        "give a file that torch.save wrote, or safetensors");

    /// <summary>A believable header length, and the brace that the format demands behind it.</summary>
    private static bool IsSafetensors(byte[] head) =>
        head.Length > 8 && head[8] == (byte)'{'
            && BinaryPrimitives.ReadUInt64LittleEndian(head) is >= 2 and <= SafetensorsReader.MaxHeaderBytes;

    /// <summary>JSON with the key that makes an index near its beginning, or with an index's name.</summary>
    private static bool IsIndex(string path, byte[] head) =>
        head.AsSpan().TrimStart(" \t\r\n"u8) is [(byte)'{', .. var rest] && (rest.IndexOf("\"weight_map\""u8) >= 0
            || path.EndsWith(SafetensorsShards.IndexSuffix, StringComparison.OrdinalIgnoreCase));

    private static (string What, string Remedy)? Other(byte[] head)
    {
        foreach (var (magic, name) in Packed)
            if (head.AsSpan().StartsWith(magic))
                return ($"is packed by {name}", "unpack it and give the checkpoint that is inside");
        if (head.Length > TarMagicAt + 5 && head.AsSpan(TarMagicAt, 5).SequenceEqual("ustar"u8))
            return ("is a tar archive", "unpack it and give the checkpoint that is inside");
        if (head.Length == HeadBytes && !head.AsSpan().ContainsAnyExcept((byte)0))
            return ("begins with zeros alone, as a download does that was not finished", "fetch it again");
        return IsText(head) ? OtherText(Encoding.UTF8.GetString(head).TrimStart('\ufeff').TrimStart()) : null;
    }

    private static (string What, string Remedy)? OtherText(string text)
    {
        if (text.StartsWith("version https://git-lfs.github.com/spec/", StringComparison.Ordinal))
            return ("is a Git-LFS pointer, not the file that it stands for", "fetch that with: git lfs pull");
        if (text.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase))
            return ("is an HTML page, probably what a server sent in place of the file", FetchAgain);
        if (text.StartsWith('<'))
            return ("is an XML page, probably what a server sent in place of the file", FetchAgain);
        if (text.StartsWith('{') || text.StartsWith('['))
            return ("is JSON text and holds no tensors", "give the file with the weights");
        return text.Length < Shown / 2
            ? null
            : ($"is plain text (it begins with {SerializationException.Quote(text[..Math.Min(Shown, text.Length)])})",
                FetchAgain);
    }

    /// <summary>No control characters but white space. The bytes beyond ASCII may be of any encoding.</summary>
    private static bool IsText(byte[] head) =>
        head.All(b => b >= 0x20 ? b != 0x7f : b is (byte)'\t' or (byte)'\n' or (byte)'\r' or (byte)'\f');
}
