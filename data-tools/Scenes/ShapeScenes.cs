namespace AmcEngine.DataTools;

/// <summary>
/// Scenes of three or four coloured shapes on a textured background, with a phrase that fits exactly one of them. Other
/// items often share its colour or its shape. Three quarters of the phrases name size, colour and shape; the rest need
/// the position. Everything is drawn from numbers, so no file is needed.
/// </summary>
public sealed class ShapeScenes : ISceneSource
{
    private const ulong Stream = 0x736861706573UL;
    private const int MinimumSize = 32;
    private const int MaxAttempts = 10_000;
    private const double RelationalShare = 0.25;
    private const double LargeShare = 0.62;
    private const double SizeNamedShare = 0.25;

    /// <summary>Creates the renderer.</summary>
    /// <param name="size">Side of the pictures in pixels, at least 32.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="size"/> is too small to tell shapes apart.
    /// </exception>
    public ShapeScenes(int size = 64)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, MinimumSize);
        Size = size;
    }

    /// <inheritdoc/>
    public int Size { get; }

    /// <inheritdoc/>
    public Scene Render(ulong seed, SceneSplit split, long number)
    {
        var random = RandomOf(seed, split, number);
        (var items, var phrase) = Plan(random);
        var picture = new RgbImage(Size, Size);
        ShapeBackground.Paint(picture, random);
        Box? referent = null;
        for (var i = 0; i < items.Length; i++)
        {
            var box = ShapeRasterizer.Draw(picture, items[i], Shade(items[i].Color, random));
            if (i == 0)
                referent = box;
        }
        return new Scene(picture, phrase, referent!)
        {
            Paraphrase = ScenePhrasebook.Paraphrase(phrase, Stream, seed, split, number),
            Item = () => new SceneItem(ShapeRasterizer.Pixels(items[0], Size), ShapeOutlines.Region(items[0])),
        };
    }

    /// <summary>The items (the referent first) and the phrase of a scene, without drawing it.</summary>
    internal (ShapeItem[] Items, string Phrase) Describe(ulong seed, SceneSplit split, long number) =>
        Plan(RandomOf(seed, split, number));

    private static SeededRandom RandomOf(ulong seed, SceneSplit split, long number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        return new SeededRandom(seed, Stream, (ulong)split, (ulong)number);
    }

    // The share of relational phrases is drawn before the attempts, so that their lower yield does not lower it.
    private (ShapeItem[] Items, string Phrase) Plan(SeededRandom random)
    {
        var relational = random.Chance(RelationalShare);
        var extreme = random.Chance(0.5);
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var items = Draw(random, !relational ? DrawPlainRival : extreme ? DrawTwin : DrawAnchor);
            var sides = Array.ConvertAll(items, i => i.Side);
            var corners = ScenePlacement.TryPlace(sides, Size, random);
            if (corners is null)
                continue;
            for (var i = 0; i < items.Length; i++)
                items[i] = items[i] with { X = corners[i].X, Y = corners[i].Y };
            var direction = random.NextInt(4);
            var phrase = !relational ? ShapePhrases.Plain(items, 0, random.Chance(SizeNamedShare))
                : extreme ? ShapePhrases.Extreme(items, 0, Size, direction)
                : ShapePhrases.Relation(items, 0, 1, Size, direction, random.Chance(0.7));
            if (phrase is not null)
                return (items, phrase);
        }
        throw new InvalidOperationException($"no scene of size {Size} after {MaxAttempts} attempts.");
    }

    // Item 0 is the referent, item 1 its rival or anchor; the others only may not look like the referent.
    private ShapeItem[] Draw(SeededRandom random, Func<ShapeItem, SeededRandom, ShapeItem> drawSecond)
    {
        var items = new ShapeItem[random.NextInt(3, 4)];
        items[0] = DrawAny(random);
        items[1] = drawSecond(items[0], random);
        for (var i = 2; i < items.Length; i++)
        {
            do
                items[i] = DrawAny(random);
            while (items[i].LooksLike(items[0]));
        }
        return items;
    }

    private ShapeItem DrawAny(SeededRandom random)
    {
        var kind = (ShapeKind)random.NextInt(ShapePhrases.KindCount);
        return WithSize(new ShapeItem(kind, random.NextInt(ShapePhrases.ColorCount), false, 0, 0, 0),
            random.Chance(LargeShare), random);
    }

    // Colour alone must often fail, and so must shape alone; the rest keeps scenes easy enough to start learning from.
    private ShapeItem DrawPlainRival(ShapeItem referent, SeededRandom random)
    {
        var lot = random.NextDouble();
        var rival = DrawAny(random);
        if (lot < 0.40)
            return rival with { Color = referent.Color, Kind = OtherKind(referent, random) };
        if (lot < 0.75)
            return rival with
            {
                Kind = referent.Kind,
                Color = (referent.Color + 1 + random.NextInt(ShapePhrases.ColorCount - 1)) % ShapePhrases.ColorCount
            };
        if (lot < 0.85)
            return WithSize(referent, !referent.Large, random);
        return rival with { Kind = OtherKind(referent, random) };
    }

    private ShapeItem DrawTwin(ShapeItem referent, SeededRandom random) =>
        WithSize(referent, random.Chance(LargeShare), random);

    private ShapeItem DrawAnchor(ShapeItem referent, SeededRandom random) =>
        DrawAny(random) with { Kind = OtherKind(referent, random) };

    private static ShapeKind OtherKind(ShapeItem item, SeededRandom random) =>
        (ShapeKind)(((int)item.Kind + 1 + random.NextInt(ShapePhrases.KindCount - 1)) % ShapePhrases.KindCount);

    // Large is 25–29 of 64 pixels and small 13–16: never in doubt.
    private ShapeItem WithSize(ShapeItem item, bool large, SeededRandom random)
    {
        var side =
            large ? random.NextInt(25 * Size / 64, 29 * Size / 64) : random.NextInt(13 * Size / 64, 16 * Size / 64);
        return item with { Large = large, Side = side };
    }

    private static (byte R, byte G, byte B) Shade(int color, SeededRandom random)
    {
        const int spread = 10;
        var named = NamedColor.All[color];
        return (Shift(named.R), Shift(named.G), Shift(named.B));

        byte Shift(byte value) => (byte)Math.Clamp(value + random.NextInt(-spread, spread), 0, 255);
    }
}
