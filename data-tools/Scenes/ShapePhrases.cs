namespace AmcEngine.DataTools;

/// <summary>Words for shape scenes, and the test that a phrase fits exactly one item.</summary>
internal static class ShapePhrases
{
    // A relation must be plain to see: the centres lie at least this share of the picture apart.
    private const int MarginDivisor = 6;

    private static readonly string[] Kinds = ["circle", "square", "triangle", "star", "cross", "diamond", "ring"];

    /// <summary>Every word, once.</summary>
    public static readonly IReadOnlyList<string> Words =
    [
        "the", "small", "large", "left", "right", "top", "bottom", "of", "above", "below",
        .. NamedColor.All.Select(c => c.Name), .. Kinds,
    ];

    /// <summary>Number of colours that items may have.</summary>
    public static int ColorCount => NamedColor.All.Count;

    /// <summary>Number of kinds that items may have.</summary>
    public static int KindCount => Kinds.Length;

    /// <summary>
    /// "red circle", or "small red circle" where another item looks alike or <paramref name="withSize"/> asks for it;
    /// null if even that fits several items.
    /// </summary>
    public static string? Plain(ReadOnlySpan<ShapeItem> items, int referent, bool withSize)
    {
        var item = items[referent];
        int alike = 0, sameSize = 0;
        foreach (var other in items)
        {
            alike += other.LooksLike(item) ? 1 : 0;
            sameSize += other.LooksLike(item) && other.Large == item.Large ? 1 : 0;
        }
        if (sameSize > 1)
            return null;
        var phrase = Name(item);
        return alike > 1 || withSize ? $"{(item.Large ? "large" : "small")} {phrase}" : phrase;
    }

    /// <summary>
    /// "the left blue circle", where several look alike and the referent lies clearly at that end; else null.
    /// </summary>
    public static string? Extreme(ReadOnlySpan<ShapeItem> items, int referent, int size, int direction)
    {
        var hasRival = false;
        for (var i = 0; i < items.Length; i++)
        {
            if (i == referent || !items[i].LooksLike(items[referent]))
                continue;
            hasRival = true;
            if (Ahead(items[referent], items[i], direction).Along < 2 * size / MarginDivisor)
                return null;
        }
        return hasRival ? $"the {Pick(direction, "left", "right", "top", "bottom")} {Name(items[referent])}" : null;
    }

    /// <summary>
    /// "the star left of the square" or, with colour, "the blue star left of the square", where there is one anchor,
    /// the referent lies clearly on that side of it, and no other item of the same description does; else null.
    /// </summary>
    public static string? Relation(
        ReadOnlySpan<ShapeItem> items, int referent, int anchor, int size, int direction, bool withColor)
    {
        ShapeItem subject = items[referent], mark = items[anchor];
        (var along, var across) = Ahead(subject, mark, direction);
        if (subject.Kind == mark.Kind || along < 2 * size / MarginDivisor || Math.Abs(across) > along)
            return null;
        for (var i = 0; i < items.Length; i++)
        {
            if (i == referent || i == anchor)
                continue;
            var fits = withColor ? items[i].LooksLike(subject) : items[i].Kind == subject.Kind;
            if (items[i].Kind == mark.Kind || (fits && Ahead(items[i], mark, direction).Along > 0))
                return null;
        }
        var name = withColor ? Name(subject) : Kinds[(int)subject.Kind];
        return $"the {name} {Pick(direction, "left of", "right of", "above", "below")} the {Kinds[(int)mark.Kind]}";
    }

    private static string Name(ShapeItem item) => $"{NamedColor.All[item.Color].Name} {Kinds[(int)item.Kind]}";

    // How far an item lies ahead of another in a direction, and sideways; twice the distance of the centres.
    private static (int Along, int Across) Ahead(ShapeItem item, ShapeItem other, int direction)
    {
        int dx = item.CentreX2 - other.CentreX2, dy = item.CentreY2 - other.CentreY2;
        return direction switch
        {
            0 => (-dx, dy),
            1 => (dx, dy),
            2 => (-dy, dx),
            _ => (dy, dx),
        };
    }

    private static string Pick(int direction, params ReadOnlySpan<string> words) => words[direction];
}
