namespace AmcEngine.DataTools;

/// <summary>
/// Scenes of two or three Fashion-MNIST pictures, each tinted with one of six colours, on a noisy grey background. The
/// phrase is <c>a {colour} {class}</c>; the box is the item's whole square. Training scenes use the 60 000 training
/// pictures, test scenes the 10 000 test pictures.
/// </summary>
public sealed class FashionScenes : ISceneSource
{
    private const ulong Stream = 0x66617368696F6EUL;
    private const int MinimumSize = 48;
    private const int ColorCount = 6;
    private const int SmallestSide = 18;
    private const int LargestSide = 27;
    private const int Noise = 24;
    private const int DarkestGround = 60;
    private const int BrightestGround = 110;
    private const int OpacityGain = 4;
    private const int DarkestShade = 120;
    private const int MaxAttempts = 10_000;

    private readonly Lazy<FashionMnist> _train;
    private readonly Lazy<FashionMnist> _test;

    /// <summary>Creates the renderer; Fashion-MNIST's files are read when a scene first needs them.</summary>
    /// <param name="size">Side of the pictures in pixels, at least 48.</param>
    /// <param name="folder">Folder of the files; null for <see cref="FashionMnist.DefaultFolder"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="size"/> is too small for the items.</exception>
    public FashionScenes(int size = 64, string? folder = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, MinimumSize);
        Size = size;
        _train = new Lazy<FashionMnist>(() => FashionMnist.Load(SceneSplit.Train, folder));
        _test = new Lazy<FashionMnist>(() => FashionMnist.Load(SceneSplit.Test, folder));
    }

    /// <inheritdoc/>
    public int Size { get; }

    /// <summary>Every word that a cleaned phrase can hold, in a fixed order.</summary>
    // Caption cleaning makes "t shirt" of "t-shirt".
    internal static IReadOnlyList<string> Words { get; } =
    [
        "a", .. NamedColor.All.Take(ColorCount).Select(c => c.Name),
        .. FashionMnist.ClassNames.SelectMany(n => CaptionCleaner.Clean(n, CaptionCleaner.TrainingMaxWords).Split(' '))
            .Distinct(),
    ];

    /// <inheritdoc/>
    /// <exception cref="DataException">Fashion-MNIST's files are missing or damaged.</exception>
    public Scene Render(ulong seed, SceneSplit split, long number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        var pictures = (split == SceneSplit.Train ? _train : _test).Value;
        var random = new SeededRandom(seed, Stream, (ulong)split, (ulong)number);
        var items = DrawItems(pictures, random);
        var sides = Array.ConvertAll(items, i => i.Side);
        var corners = Place(sides, random);

        var picture = PaintBackground(random);
        for (var i = 0; i < items.Length; i++)
            Paint(picture, pictures.Picture(items[i].Index), items[i], corners[i]);
        var referent = items[0];
        (var x, var y) = corners[0];
        var phrase = $"a {NamedColor.All[referent.Color].Name} {FashionMnist.ClassNames[referent.Class]}";
        return new Scene(picture, phrase, new Box(x, y, x + referent.Side, y + referent.Side))
        {
            Paraphrase = ScenePhrasebook.Paraphrase(phrase, Stream, seed, split, number),
            Item = () => Cut(pictures.Picture(referent.Index), referent, corners[0]),
        };
    }

    private Item[] DrawItems(FashionMnist pictures, SeededRandom random)
    {
        var items = new Item[random.NextInt(2, 3)];
        for (var i = 0; i < items.Length; i++)
        {
            do
            {
                var index = random.NextInt(pictures.Count);
                items[i] = new Item(index, pictures.Label(index), random.NextInt(ColorCount),
                    random.NextInt(SmallestSide, LargestSide) * Size / 64);
            }
            while (items.Take(i).Any(other => other.Class == items[i].Class && other.Color == items[i].Color));
        }
        return items;
    }

    private (int X, int Y)[] Place(int[] sides, SeededRandom random)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            if (ScenePlacement.TryPlace(sides, Size, random) is { } corners)
                return corners;
        }
        throw new InvalidOperationException(
            $"items of {string.Join(", ", sides)} pixels found no place in {Size}×{Size}.");
    }

    private RgbImage PaintBackground(SeededRandom random)
    {
        var picture = new RgbImage(Size, Size);
        var level = random.NextInt(DarkestGround, BrightestGround);
        for (var i = 0; i < picture.Pixels.Length; i += 3)
            picture.Pixels.AsSpan(i, 3).Fill((byte)(level + random.NextInt(-Noise, Noise)));
        return picture;
    }

    // What hides at least half of the background.
    private SceneItem Cut(ReadOnlySpan<byte> gray, Item item, (int X, int Y) corner)
    {
        var cloth = BilinearResampler.Resize(gray, FashionMnist.Side, FashionMnist.Side, 1, item.Side, item.Side);
        var pixels = new byte[Size * Size];
        for (var i = 0; i < cloth.Length; i++)
        {
            if (OpacityGain * cloth[i] >= 128)
                pixels[(corner.Y + i / item.Side) * Size + corner.X + i % item.Side] = 255;
        }
        MaskPicture mask = new(Size, Size, pixels);
        return new SceneItem(mask, ConvexHull.Of(mask));
    }

    // A tinted photograph: cloth covers the background however dark it is, and its grey value shades the colour, so
    // that seams, straps and soles, which tell the classes apart, can be seen.
    private static void Paint(RgbImage picture, ReadOnlySpan<byte> gray, Item item, (int X, int Y) corner)
    {
        var cloth = BilinearResampler.Resize(gray, FashionMnist.Side, FashionMnist.Side, 1, item.Side, item.Side);
        var color = NamedColor.All[item.Color];
        for (var y = 0; y < item.Side; y++)
        {
            for (var x = 0; x < item.Side; x++)
            {
                int value = cloth[y * item.Side + x];
                var opacity = Math.Min(255, OpacityGain * value);
                var shade = DarkestShade + (255 - DarkestShade) * value / 255;
                var pixel = picture.Pixels.AsSpan(((corner.Y + y) * picture.Width + corner.X + x) * 3, 3);
                pixel[0] = Blend(pixel[0], color.R * shade / 255, opacity);
                pixel[1] = Blend(pixel[1], color.G * shade / 255, opacity);
                pixel[2] = Blend(pixel[2], color.B * shade / 255, opacity);
            }
        }
    }

    private static byte Blend(byte below, int above, int opacity) =>
        (byte)((below * (255 - opacity) + above * opacity + 127) / 255);

    private readonly record struct Item(int Index, int Class, int Color, int Side);
}
