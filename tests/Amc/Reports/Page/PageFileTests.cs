using System.Text.RegularExpressions;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Maps;
using AmcEngine.Amc.Reports.Page;
using AmcEngine.DataTools;
using AmcEngine.Tests.Amc.Evaluation.Explainers;
using AmcEngine.Tests.Cli;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Reports.Page;

/// <summary>The page as a file: whole, within its size, and safe whatever the phrases are.</summary>
[TestFixture]
internal sealed class PageFileTests
{
    private const string Hostile = "</script><script>alert(1)</script> \"it's\" & <b> {{script}} $1 \u2028 <!--";

    [Test]
    public void Texts_cannot_leave_their_place()
    {
        var page = PageFile.Compose(Pages.Of([(Hostile, 16, 12)]) with { Title = Hostile, Notes = [Hostile] });
        Assert.That(Regex.Count(page, "<script"), Is.EqualTo(2), "the data and the page's own");
        Assert.That(page, Does.Not.Contain("alert(1)</script>").And.Not.Contain("<!-- "));
        var data = ReportData.In(page);
        Assert.That((string)data["title"]!, Is.EqualTo(Hostile));
        Assert.That((string)data["cases"]![0]!["phrase"]!, Is.EqualTo(Hostile));
        Assert.That(page, Does.Contain("<title>&lt;/script&gt;"));
    }

    [Test]
    public void Nothing_is_asked_of_the_network_and_no_other_script_may_run()
    {
        var page = PageFile.Compose(Pages.Of([("a phrase", 16, 12)]));
        var own = page.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal);
        Assert.That(own,
            Does.Not.Contain("http:").And.Not.Contain("https:").And.Not.Contain("@import").And.Not.Contain("url("));
        Assert.That(page, Does.Contain("content=\"default-src 'none'; img-src data:; style-src 'sha256-"));
        Assert.That(page, Does.Not.Contain("unsafe-inline"));
    }

    [Test]
    public void Two_hundred_photographs_fit_into_three_megabytes_and_are_still_seen()
    {
        // Noise is the hardest to make small; a smooth picture is nearer to a photograph.
        var page = PageFile.Compose(
            Pages.Of([.. Enumerable.Range(0, CaseChoice.Most + 30).Select(
                i => ($"phrase {i}", 640, 480))], noisy: true));
        Assert.That(page.Length, Is.LessThanOrEqualTo(CasePage.MostBytes));
        var data = ReportData.In(page);
        Assert.That(data["cases"]!.AsArray(), Has.Count.EqualTo(CaseChoice.Most));
        var pictures = data["pictures"]!.AsArray().Select(p => Picture((string)p!)).ToArray();
        Assert.That(pictures, Has.Length.EqualTo(CaseChoice.Most));
        Assert.That(pictures.Select(p => Math.Max(p.Width, p.Height)).Min(), Is.GreaterThanOrEqualTo(160));
    }

    [Test]
    public void Small_drawings_are_kept_to_the_pixel_and_a_shared_picture_is_there_once()
    {
        var page = ReportData.In(PageFile.Compose(Pages.Of([("one", 24, 20), ("two", 24, 20)], sharedPicture: true)));
        Assert.That(page["pictures"]!.AsArray(), Has.Count.EqualTo(1));
        Assert.That(page["cases"]!.AsArray().Select(c => (int)c!["picture"]!), Is.EqualTo(new[] { 0, 0 }));
        Assert.That(Picture((string)page["pictures"]![0]!).Pixels, Is.EqualTo(Pages.Picture(0, 24, 20, false).Pixels));
    }

    [Test]
    public void The_choice_of_cases_is_said()
    {
        Assert.That(Pages.Of([("one", 8, 8)]).Chosen, Does.StartWith("All 1 samples."));
        Assert.That(Pages.Of([.. Enumerable.Range(0, 250).Select(i => ($"p{i}", 8, 8))]).Chosen,
            Does.StartWith("200 of 250 samples"));
    }

    private static RgbImage Picture(string address) => RgbImage.Decode(
        Convert.FromBase64String(address[(address.IndexOf(',', StringComparison.Ordinal) + 1)..]), "picture");
}

/// <summary>Pages of drawn pictures and constructed maps.</summary>
internal static class Pages
{
    /// <summary>A page with a case for each phrase, of pictures of those sizes.</summary>
    public static PageData Of(
        (string Phrase, int Width, int Height)[] phrases, bool noisy = false, bool sharedPicture = false, int runs = 1)
    {
        EvaluationSample[] samples = [.. phrases.Select((p, i) => new EvaluationSample(
            sharedPicture ? "shared.png" : $"pictures/{i}.png",
            PictureViews.Of(Picture(sharedPicture ? 0 : i, p.Width, p.Height, noisy), [PictureTarget.Whole]), p.Phrase,
            [new Box(p.Width / 4, p.Height / 4, 3 * p.Width / 4, 3 * p.Height / 4)]))];
        var answers = new CaseSample();
        for (var run = 0; run < runs; run++)
        {
            if (run > 0)
                answers.NextRun();
            for (var i = 0; i < samples.Length; i++)
                answers.Add(Answer(i, run, samples[i]));
        }
        PageRun[] shown = [.. Enumerable.Range(0, runs).Select(r => new PageRun($"method {r + 1}",
            [new PageNumber("Pointing accuracy", 0.625)
            {
                Low = 0.55,
                High = 0.7
            }, new PageNumber("Samples", samples.Length, false)], [new PageFact("Protocol", "reference")]))];
        return CasePage.With(new PageData("A page of a test", shown), answers, new StubQuestions(samples));
    }

    /// <summary>A disc on a slope of colours, with grain where that is wanted.</summary>
    public static RgbImage Picture(int number, int width, int height, bool noisy)
    {
        var picture = new RgbImage(width, height);
        var radius = Math.Min(width, height) / 4.0;
        // A prime step, so that no two pictures of a page have the same grain.
        var grain = number * 7919;
        for (var i = 0; i < width * height; i++)
        {
            int x = i % width, y = i / width;
            double across = x - width / 2.0, down = y - height / 2.0;
            var disc = across * across + down * down < radius * radius;
            for (var c = 0; c < 3; c++)
            {
                var value =
                    disc ? (number * 37 + c * 90) % 256 : 60 + 120 * (c == 0 ? x : y) / (c == 0 ? width : height);
                if (noisy) value += Grain[grain++ & Grain.Length - 1];
                picture.Pixels[3 * i + c] = (byte)Math.Clamp(value, 0, 255);
            }
        }
        return picture;
    }

    // Drawn once: two hundred photographs have 200 million values.
    private static readonly sbyte[] Grain = MakeGrain(1 << 20);

    private static sbyte[] MakeGrain(int count)
    {
        var random = new SeededRandom(7, 0);
        var grain = new sbyte[count];
        for (var i = 0; i < count; i++)
            grain[i] = (sbyte)random.NextInt(-12, 13);
        return grain;
    }

    // Two of three hit; every seventh map is flat.
    private static PointingAnswer Answer(int i, int run, EvaluationSample sample)
    {
        var flat = i % 7 == 6;
        var hit = (i + run) % 3 > 0 && !flat;
        (int X, int Y) peak = hit ? (4, 4) : (0, 7);
        var map = Enumerable.Range(0, 64).Select(k => flat ? 1f : MathF.Exp(
            -((k % 8 - peak.X) * (k % 8 - peak.X) + (k / 8 - peak.Y) * (k / 8 - peak.Y)) / (4f + i % 5)));
        var point = ((int)((peak.X + 0.5) * sample.Width / 8), (int)((peak.Y + 0.5) * sample.Height / 8));
        return new PointingAnswer(
            i, sample, new PatchMap(8, [.. map]), flat ? null : point, hit, (i * 37 % 100) / 100.0)
        {
            Chance = 0.2
        };
    }
}
