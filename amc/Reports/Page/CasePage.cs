using System.Globalization;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Reports.Page;

/// <summary>Brings chosen cases into a page, with their pictures and within its size.</summary>
internal static class CasePage
{
    /// <summary>Most bytes of a page with <see cref="CaseChoice.Most"/> cases.</summary>
    public const int MostBytes = 3_000_000;

    // What style, script, numbers and curves may take of that.
    private const int Frame = 250_000;

    // A case of a page with few of them need not take more.
    private const int LargestCase = 90_000;

    /// <summary>The page with cases.</summary>
    /// <param name="page">The page without.</param>
    /// <param name="answers">The answers.</param>
    /// <param name="questions">The test data, whose pictures are read again one by one.</param>
    /// <exception cref="DataException">A picture that was there is gone.</exception>
    public static PageData With(PageData page, CaseSample answers, IEvaluationSet questions)
    {
        var chosen = CaseChoice.Of(answers.Cases);
        if (chosen.Count == 0)
            return page;
        List<PageCase> cases = [];
        var pictures = new PagePictures();
        long left = MostBytes - Frame;
        foreach ((var kept, var group) in chosen)
        {
            // What is left is shared evenly, so that what one case does not take is there for the others.
            var share = Math.Min(left / (chosen.Count - cases.Count), LargestCase);
            var sample = Read(questions, kept);
            var one = Case(kept, group, sample);
            var size = PageFile.Size(one);
            var name = questions.PictureOf(kept.Index);
            if (pictures.Find(name) is not { } place)
            {
                place = pictures.Add(name, sample.Picture, share - size);
                size += pictures.Addresses[place].Length;
            }
            cases.Add(one with { Picture = place });
            left -= size;
        }
        return page with { Cases = cases, Pictures = pictures.Addresses, Chosen = Describe(answers, cases) };
    }

    // Answers may come from a file, and the test data from another place.
    private static EvaluationSample Read(IEvaluationSet questions, KeptCase kept)
    {
        if (kept.Index >= questions.Count || questions.Read(kept.Index, [PagePictures.Target]) is not { } sample
            || sample.Image != kept.Image)
            throw new DataException($"question {kept.Index} is about {kept.Image} in the answers and not in the test "
                + "data; name the test data that was asked.");
        return sample;
    }

    private static PageCase Case(KeptCase kept, CaseGroup group, EvaluationSample sample) => new()
    {
        Index = kept.Index,
        Phrase = kept.Phrase,
        Image = sample.Image,
        Width = sample.Width,
        Height = sample.Height,
        Picture = 0,
        Regions = [.. sample.Regions.Select(r => RegionPath.Of(r, sample.Width, sample.Height))],
        Area = kept.Area,
        Rank = kept.Rank,
        Group = group,
        Split = sample.Split,
        Category = sample.Category,
        Entity = sample.Entity,
        Answers = kept.Answers,
    };

    private static string Describe(CaseSample sample, List<PageCase> cases)
    {
        const string order =
            "Hits come before misses; within both, cases are ordered by the share of the map that lies in the region, "
                + "less the region's share of the picture.";
        if (cases.Count == sample.Seen)
            return FormattableString.Invariant($"All {cases.Count} samples. {order}");
        var from = sample.Cases.Count == sample.Seen
            ? FormattableString.Invariant($"{sample.Seen}")
            : FormattableString.Invariant($"{sample.Cases.Count} drawn from {sample.Seen}");
        return string.Create(CultureInfo.InvariantCulture, $"{cases.Count} of {from} samples: the best, the worst, "
            + $"those in the middle, and an even spread over the rest. {order}");
    }
}
