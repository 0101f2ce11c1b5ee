using System.Buffers.Binary;
using System.IO.Compression;

namespace AmcEngine.DataTools;

/// <summary>
/// The Fashion-MNIST pictures (28×28 grey) and labels, from gzip'd IDX files as Debian installs them.
/// </summary>
public sealed class FashionMnist
{
    /// <summary>Side of a picture in pixels.</summary>
    public const int Side = 28;

    private const string DebianFolder = "/usr/share/datasets/fashion-mnist";
    private const int ImageMagic = 0x0803;
    private const int LabelMagic = 0x0801;
    private const string Remedy = "install it again with: apt-get install --reinstall dataset-fashion-mnist";

    private readonly byte[] _images;
    private readonly byte[] _labels;

    private FashionMnist(byte[] images, byte[] labels)
    {
        _images = images;
        _labels = labels;
    }

    /// <summary>The ten class names as phrases call them, in the order of the labels.</summary>
    public static IReadOnlyList<string> ClassNames { get; } =
        ["t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"];

    /// <summary>The folder that the variable FASHION_MNIST names, else the one of Debian's package.</summary>
    public static string DefaultFolder =>
        Environment.GetEnvironmentVariable("FASHION_MNIST") is { Length: > 0 } folder ? folder : DebianFolder;

    /// <summary>Number of pictures.</summary>
    public int Count => _labels.Length;

    /// <summary>Whether the files of a split are there.</summary>
    /// <param name="split">Which files.</param>
    /// <param name="folder">The folder; null for <see cref="DefaultFolder"/>.</param>
    public static bool IsInstalled(SceneSplit split, string? folder = null) =>
        File.Exists(ImagePath(split, folder)) && File.Exists(LabelPath(split, folder));

    /// <summary>Reads the pictures and labels of a split.</summary>
    /// <param name="split">Training (60 000 pictures) or test (10 000).</param>
    /// <param name="folder">The folder; null for <see cref="DefaultFolder"/>.</param>
    /// <exception cref="DataException">
    /// A file is missing, damaged or cut off, or the two do not fit together.
    /// </exception>
    public static FashionMnist Load(SceneSplit split, string? folder = null)
    {
        string imagePath = ImagePath(split, folder), labelPath = LabelPath(split, folder);
        var images = ReadIdx(imagePath, ImageMagic, [Side, Side]);
        var labels = ReadIdx(labelPath, LabelMagic, []);
        if (images.Length != labels.Length * Side * Side)
            throw new DataException(
                $"{labelPath}: holds {labels.Length} labels for {images.Length / (Side * Side)} pictures; {Remedy}.");
        if (labels.Any(label => label >= ClassNames.Count))
            throw new DataException($"{labelPath}: holds a label above {ClassNames.Count - 1}; {Remedy}.");
        return new FashionMnist(images, labels);
    }

    /// <summary>The 28 × 28 grey values of a picture; 0 is background.</summary>
    public ReadOnlySpan<byte> Picture(int index) => _images.AsSpan(index * Side * Side, Side * Side);

    /// <summary>The class of a picture, 0..9.</summary>
    public int Label(int index) => _labels[index];

    private static string ImagePath(SceneSplit split, string? folder) =>
        Path.Combine(folder ?? DefaultFolder, $"{Prefix(split)}-images-idx3-ubyte.gz");

    private static string LabelPath(SceneSplit split, string? folder) =>
        Path.Combine(folder ?? DefaultFolder, $"{Prefix(split)}-labels-idx1-ubyte.gz");

    private static string Prefix(SceneSplit split) => split == SceneSplit.Train ? "train" : "t10k";

    private static byte[] ReadIdx(string path, int magic, ReadOnlySpan<int> sides)
    {
        try
        {
            using var file = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
            Span<byte> header = stackalloc byte[4 * (2 + sides.Length)];
            file.ReadExactly(header);
            var count = BinaryPrimitives.ReadInt32BigEndian(header[4..]);
            var itemSize = 1;
            var valid = BinaryPrimitives.ReadInt32BigEndian(header) == magic && count > 0;
            for (var i = 0; i < sides.Length; i++)
            {
                valid &= BinaryPrimitives.ReadInt32BigEndian(header[(8 + 4 * i)..]) == sides[i];
                itemSize *= sides[i];
            }
            if (!valid || (long)count * itemSize > Array.MaxLength)
                throw new DataException($"{path}: not an IDX file of Fashion-MNIST (wrong header); {Remedy}.");
            var values = new byte[count * itemSize];
            file.ReadExactly(values);
            return values;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DataException($"{path}: not found; install Fashion-MNIST with: "
                + "apt-get install dataset-fashion-mnist (or set FASHION_MNIST to its folder).", e);
        }
        catch (Exception e) when (e is EndOfStreamException or InvalidDataException)
        {
            throw new DataException($"{path}: damaged or cut off; {Remedy}.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: cannot be read ({e.Message}).", e);
        }
    }
}
