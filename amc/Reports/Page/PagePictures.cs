using AmcEngine.DataTools;
using SkiaSharp;

namespace AmcEngine.Amc.Reports.Page;

/// <summary>The pictures of a page, each once, as small as it takes for all of them to fit.</summary>
internal sealed class PagePictures
{
    // From what looks best to what is still recognised.
    private static readonly (int Side, int Quality)[] Forms =
        [(LargestSide, 80), (400, 75), (320, 70), (256, 62), (208, 55), (160, 50), (112, 40), (72, 30)];

    // Longest side of a picture.
    private const int LargestSide = 480;

    // Pictures up to this side are kept as they are: drawings that WebP would blur.
    private const int ExactSide = 128;

    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
    private readonly List<string> _addresses = [];
    private int _form;

    /// <summary>The pictures as data addresses.</summary>
    public IReadOnlyList<string> Addresses => _addresses;

    /// <summary>The size that pictures are wanted in.</summary>
    public static PictureTarget Target { get; } =
        new((width, height) => Fit(width, height, LargestSide), Resampling.Bicubic);

    /// <summary>The place of a picture that is known already; null where it is not.</summary>
    /// <param name="name">What the picture is called.</param>
    public int? Find(string name) => _places.TryGetValue(name, out var place) ? place : null;

    /// <summary>Adds a picture.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="picture">The picture as <see cref="Target"/>.</param>
    /// <param name="most">Most bytes that it may take in the page; where no form is so small, the smallest.</param>
    /// <returns>Its place.</returns>
    public int Add(string name, RgbImage picture, long most)
    {
        _addresses.Add(Address(picture, most));
        return _places[name] = _addresses.Count - 1;
    }

    private string Address(RgbImage picture, long most)
    {
        using var bitmap = picture.ToBitmap();
        if (Math.Max(picture.Width, picture.Height) <= ExactSide && Exact(bitmap, most) is { } exact)
            return exact;
        // The pictures of a set are alike: what fitted the last one is where the search begins.
        for (_form = Math.Max(0, _form - 1); ; _form++)
        {
            (var side, var quality) = Forms[_form];
            var address = Encode(bitmap, side, SKEncodedImageFormat.Webp, quality);
            if (address.Length <= most || _form == Forms.Length - 1)
                return address;
        }
    }

    private static string? Exact(SKBitmap bitmap, long most) =>
        Encode(bitmap, ExactSide, SKEncodedImageFormat.Png, 100) is var address && address.Length <= most
            ? address : null;

    private static string Encode(SKBitmap bitmap, int side, SKEncodedImageFormat format, int quality)
    {
        (var width, var height) = Fit(bitmap.Width, bitmap.Height, side);
        var info = new SKImageInfo(width, height, bitmap.ColorType, bitmap.AlphaType);
        using var smaller = bitmap.Resize(info, new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
        using var data = smaller.Encode(format, quality);
        return $"data:image/{(format == SKEncodedImageFormat.Png ? "png" : "webp")};base64,"
            + $"{Convert.ToBase64String(data.AsSpan())}";
    }

    private static (int Width, int Height) Fit(int width, int height, int side)
    {
        var scale = Math.Min(1, (double)side / Math.Max(width, height));
        return (Math.Max(1, (int)Math.Round(width * scale)), Math.Max(1, (int)Math.Round(height * scale)));
    }
}
