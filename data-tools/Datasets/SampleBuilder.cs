namespace AmcEngine.DataTools;

/// <summary>
/// Makes a training sample of a picture, a phrase and its region (specification 5, image augmentation and mask).
/// </summary>
internal static class SampleBuilder
{
    // Keeps the draws of training samples apart from those of scenes made with the same seed.
    private const ulong SampleStream = 0x73616D706C65UL;

    // Which paraphrase is drawn changes nothing else of a sample.
    private const ulong ParaphraseStream = 0x7361796167696EUL;

    /// <summary>The random numbers of one sample.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public static SeededRandom RandomOf(int index, int count, ulong seed, int epoch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, count);
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        return new SeededRandom(seed, SampleStream, (ulong)epoch, (ulong)index);
    }

    /// <summary>
    /// One of the paraphrases of an entry, cleaned, or else the phrase with an exchanged part; null where there is
    /// none.
    /// </summary>
    public static string? DrawParaphrase(
        RegionAnnotation annotation, string caption, int maxWords, int index, ulong seed, int epoch)
    {
        if (annotation is { Paraphrases.Count: 0, Exchange: null })
            return null;
        var random = new SeededRandom(seed, ParaphraseStream, (ulong)epoch, (ulong)index);
        return annotation.Paraphrases.Count > 0
            ? CaptionCleaner.Clean(random.Pick(annotation.Paraphrases), maxWords)
            : annotation.Exchange!.In(caption, random.Pick(annotation.Exchange.Others), maxWords);
    }

    /// <summary>The part of a picture that a sample shows; null for all of it.</summary>
    public static PictureWindow? DrawWindow(int width, int height, AugmentationOptions options, SeededRandom random) =>
        options.LeastCrop < 1 ? RandomCrop.Draw(width, height, options.LeastCrop, random) : null;

    /// <summary>Augments.</summary>
    /// <param name="original">
    /// The picture as <see cref="AugmentationOptions.Wanted"/> says, or what the window shows of it.
    /// </param>
    /// <param name="window">What was drawn by <see cref="DrawWindow"/>.</param>
    /// <param name="number">Its number in the data set.</param>
    /// <param name="caption">The cleaned phrase.</param>
    /// <param name="paraphrase">A cleaned paraphrase, or null.</param>
    /// <param name="regions">The regions of the mask in pixels of the picture; none for a sample without one.</param>
    /// <param name="size">Side of the sample.</param>
    /// <param name="options">How often which augmentation.</param>
    /// <param name="random">The sample's random numbers.</param>
    public static RegionSample Build(
        PictureViews original, PictureWindow? window, long number, string caption, string? paraphrase,
        IReadOnlyList<Region> regions, int size, AugmentationOptions options, SeededRandom random)
    {
        (var picture, var mask) = window is { } shown
            ? Cropped(original, shown, regions, size, options)
            : (original.Images[0], RegionMask.Of(regions, original.Width, original.Height, size, size).Values);
        if (random.Chance(options.FlipProbability))
        {
            picture = ImageOps.FlipHorizontal(picture);
            mask = ImageOps.FlipHorizontal(mask, size, size);
        }
        if (random.Chance(options.GrayProbability))
            picture = ImageOps.ToGray(picture);
        if (random.Chance(options.JitterProbability))
            picture = Jitter(picture, random);
        if (options.RandAugments)
            (picture, mask) = RandomAugment.Apply(picture, mask, random);
        return new RegionSample
        {
            Caption = caption,
            Paraphrase = paraphrase,
            Mask = mask,
            Picture = picture,
            PictureNumber = number,
        };
    }

    private static (RgbImage Picture, float[] Mask) Cropped(PictureViews original, PictureWindow window,
        IReadOnlyList<Region> regions, int size, AugmentationOptions options)
    {
        var (x, y, width, height) = window;
        var cut = original.Window is null ? ImageOps.Crop(original.Images[0], x, y, width, height) : original.Images[0];
        var picture = PictureViews.Of(cut, [PictureTarget.Square(size, options.Resize)]).Images[0];
        var whole = RegionMask.Of(regions, original.Width, original.Height).Values;
        int[] columns = RegionGrid.NearestSources(width, size), rows = RegionGrid.NearestSources(height, size);
        var mask = new float[size * size];
        for (var row = 0; row < size; row++)
        {
            var source = whole.AsSpan((y + rows[row]) * original.Width + x, width);
            for (var column = 0; column < size; column++)
                mask[row * size + column] = source[columns[column]];
        }
        return (picture, mask);
    }

    private static RgbImage Jitter(RgbImage picture, SeededRandom random)
    {
        double brightness = random.Uniform(0.6, 1.4), contrast = random.Uniform(0.6, 1.4);
        double saturation = random.Uniform(0.6, 1.4), hue = random.Uniform(-0.4, 0.4);
        return ImageOps.ColorJitter(picture, brightness, contrast, saturation, hue);
    }
}
