using System.Globalization;

namespace AmcEngine.DataTools;

/// <summary>
/// Reads the pictures of one data set by its <see cref="PictureOptions"/> and keeps count of those that are not whole:
/// each is named once, and too many that cannot be decoded at all end the work. Safe to use from several threads.
/// </summary>
/// <param name="pictures">Different pictures in the set, to which the allowed share refers.</param>
/// <param name="options">What to do with pictures that are not whole.</param>
/// <param name="warn">Told once about each of them, in one line; may be null.</param>
public sealed class PictureCensus(int pictures, PictureOptions options, Action<string>? warn = null)
{
    private readonly Lock _lock = new();
    private readonly HashSet<string> _partial = new(StringComparer.Ordinal);
    private readonly HashSet<string> _undecodable = new(StringComparer.Ordinal);

    /// <summary>Different pictures in the set.</summary>
    public int Pictures => pictures;

    /// <summary>Different pictures met so far of which only a part could be decoded.</summary>
    public int Partial
    {
        get
        {
            lock (_lock)
                return _partial.Count;
        }
    }

    /// <summary>Different pictures met so far of which nothing could be decoded, missing files among them.</summary>
    public int Undecodable
    {
        get
        {
            lock (_lock)
                return _undecodable.Count;
        }
    }

    /// <summary>Whether a picture was met that is not whole.</summary>
    public bool HasBad => Partial + Undecodable > 0;

    /// <summary>One line with the totals, for people.</summary>
    public string Summary => string.Create(CultureInfo.InvariantCulture,
        $"of {Pictures} pictures {Undecodable} could not be decoded and were left out, "
            + $"{Partial} in part ({(options.Bad == BadPictures.Skip ? "left out too" : "used, the rest grey")})");

    /// <summary>Reads a picture file by the rules of <see cref="RgbImage.Load"/> and the options.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="UnreadablePictureException">
    /// The options say to go on without this picture; it is counted.
    /// </exception>
    /// <exception cref="DataException">
    /// The options say to stop at it, or too many pictures could not be decoded.
    /// </exception>
    public RgbImage Read(string path) => Judge(path, () =>
    {
        var decoded = PictureFile.Read(path, options.Exif);
        return (decoded.Picture, decoded.Damage);
    });

    /// <summary>The same in other sizes.</summary>
    /// <param name="path">The file.</param>
    /// <param name="targets">The sizes.</param>
    /// <exception cref="UnreadablePictureException">
    /// The options say to go on without this picture; it is counted.
    /// </exception>
    /// <exception cref="DataException">
    /// The options say to stop at it, or too many pictures could not be decoded.
    /// </exception>
    public PictureViews Read(string path, IReadOnlyList<PictureTarget> targets) => Read(path, Reader(path, targets));

    /// <summary>Judges and counts what is read of a picture, as if it had been read here.</summary>
    /// <param name="path">The file.</param>
    /// <param name="reader">Reads it, or gives what was read.</param>
    /// <exception cref="UnreadablePictureException">
    /// The options say to go on without this picture; it is counted.
    /// </exception>
    /// <exception cref="DataException">
    /// The options say to stop at it, or too many pictures could not be decoded.
    /// </exception>
    public PictureViews Read(string path, PictureReader reader) => Judge(path, () => reader());

    /// <summary>What reads a picture by the options; it counts nothing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="targets">The sizes.</param>
    public PictureReader Reader(string path, IReadOnlyList<PictureTarget> targets) => () => ReadViews(path, targets);

    private (PictureViews Views, string? Damage) ReadViews(string path, IReadOnlyList<PictureTarget> targets)
    {
        return options.Cache is { } cache && targets is [{ Name: { } name }]
            ? cache.Read(path, $"{name}, EXIF {options.Exif}, fast {options.FastDecode}", Decode)
            : Decode();

        (PictureViews Views, string? Damage) Decode() =>
            PictureFile.Read(path, targets, options.Exif, options.FastDecode);
    }

    private T Judge<T>(string path, Func<(T Picture, string? Damage)> read)
    {
        (T picture, string? damage) decoded;
        try
        {
            decoded = read();
        }
        catch (UnreadablePictureException e)
        {
            StopIfAsked(e.Message, e);
            Count(path, e);
            throw;
        }
        if (decoded.damage is not { } damage)
            return decoded.picture;
        StopIfAsked(damage, null);
        if (options.Bad == BadPictures.Skip)
        {
            Note(_partial, path, $"{damage} It is left out.");
            throw new UnreadablePictureException(damage);
        }
        Note(_partial, path, $"{damage} What could be decoded is used, the rest is grey.");
        return decoded.picture;
    }

    private void StopIfAsked(string message, Exception? cause)
    {
        if (options.Bad != BadPictures.Error)
            return;
        var line = $"{message} To go on all the same, set bad_pictures: load.";
        throw cause is null ? new DataException(line) : new DataException(line, cause);
    }

    private void Count(string path, UnreadablePictureException error)
    {
        Note(_undecodable, path, $"{error.Message} It is left out.");
        var bad = Undecodable;
        if (BadBounds.Exceeds(bad, Pictures, options.MaxBadShare))
        {
            throw new DataException(string.Create(CultureInfo.InvariantCulture,
                $"{bad} of {Pictures} pictures could not be decoded, "
                    + $"more than max_bad_share allows ({100 * options.MaxBadShare:0.##} %); the last: {error.Message} "
                    + $"Repair them, or raise max_bad_share."), error);
        }
    }

    private void Note(HashSet<string> names, string path, string line)
    {
        lock (_lock)
        {
            if (!names.Add(path))
                return;
        }
        warn?.Invoke(line);
    }
}
