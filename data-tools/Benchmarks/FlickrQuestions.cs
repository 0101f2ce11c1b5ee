using System.Text.Json;

namespace AmcEngine.DataTools;

/// <summary>
/// The phrases of Flickr30k Entities with all their boxes, from info-ground's files as the reference's evaluation names
/// them: lists of pictures, boxes and sentences that belong together (specification 6). Every phrase of every sentence
/// about something with a box counts, repeats too.
/// </summary>
public static class FlickrQuestions
{
    /// <summary>Reads the files.</summary>
    /// <param name="idFiles">Numbers of pictures, separated by white space.</param>
    /// <param name="boxFiles">As many: <c>bounding_boxes_SPLIT.json</c>, corners from 0.</param>
    /// <param name="sentenceFiles">As many: <c>sentences_SPLIT.json</c>.</param>
    /// <param name="maxBadShare">Share of the pictures that may be bad.</param>
    /// <param name="warn">Told in one line each about what is wrong and left out; may be null.</param>
    /// <exception cref="DataException">
    /// A file is missing, damaged or another one, or too many pictures are bad.
    /// </exception>
    /// <exception cref="ArgumentException">There are not as many files of each kind.</exception>
    public static (List<RegionAnnotation> Annotations, AnnotationCensus Census) Load(
        IReadOnlyList<string> idFiles, IReadOnlyList<string> boxFiles, IReadOnlyList<string> sentenceFiles,
        double maxBadShare, Action<string>? warn)
    {
        if (idFiles.Count != boxFiles.Count || idFiles.Count != sentenceFiles.Count)
            throw new ArgumentException("There must be as many files of pictures, boxes and sentences.");
        var census = new AnnotationCensus(maxBadShare, warn);
        List<RegionAnnotation> annotations = [];
        for (var i = 0; i < idFiles.Count; i++)
            Read(idFiles[i], boxFiles[i], sentenceFiles[i], annotations, census);
        foreach (var line in census.Lines())
            warn?.Invoke(line);
        census.Finish();
        return (annotations, census);
    }

    private static void Read(string idFile, string boxFile, string sentenceFile, List<RegionAnnotation> annotations,
        AnnotationCensus census)
    {
        string[] ids = [.. OriginalFile.Lines(idFile).SelectMany(
            l => l.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))];
        HashSet<string> wanted = new(ids, StringComparer.Ordinal);
        var boxes = Members(boxFile, wanted, FlickrAnnotation.Of);
        var sentences = Members(sentenceFile, wanted, Phrases);
        foreach (var id in ids)
        {
            census.Entries++;
            if (!boxes.TryGetValue(id, out var annotation) || !sentences.TryGetValue(id, out var phrases))
            {
                census.Add(AnnotationFault.UnknownReference,
                    $"{idFile}: picture {id} is not in {(boxes.ContainsKey(id) ? sentenceFile : boxFile)}.");
                census.Lose(all: true, 0, 0);
                continue;
            }
            foreach (var (phrase, number) in phrases.Select((p, n) => (p, n)))
            {
                Region[] regions = [.. annotation.Boxes(phrase.Entity).Where(b => b.Area > 0)];
                if (regions.Length == 0
                    || CaptionCleaner.Clean(phrase.Text, CaptionCleaner.TrainingMaxWords).Length == 0)
                    continue;
                annotations.Add(new RegionAnnotation($"{id}.jpg", [phrase.Text], regions)
                {
                    Id = FormattableString.Invariant($"{id}/{number}"),
                    Entity = phrase.Entity,
                    Category = phrase.Types.Count > 0 ? string.Join('/', phrase.Types) : null,
                    // The reference tells the split by this path.
                    File = idFile,
                    Number = number,
                });
            }
        }
    }

    private static Dictionary<string, T> Members<T>(string path, HashSet<string> wanted, Func<JsonElement, T> read)
    {
        Dictionary<string, T> found = new(StringComparer.Ordinal);
        using var scan = new JsonScan(path);
        foreach ((var id, var value) in scan.Members())
            if (wanted.Contains(id))
                found.TryAdd(id, read(value));
        return found;
    }

    private static List<FlickrPhrase> Phrases(JsonElement sentences) => sentences.ValueKind == JsonValueKind.Array
        ? [.. sentences.EnumerateArray().SelectMany(s => FlickrSentence.Phrases(s) ?? [])]
        : [];
}
