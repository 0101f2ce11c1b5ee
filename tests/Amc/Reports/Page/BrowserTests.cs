using System.Text.RegularExpressions;
using AmcEngine.Amc.Reports.Page;
using AmcEngine.DataTools;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Reports.Page;

/// <summary>The page in a browser: what is seen, sorted, filtered and reached by keys.</summary>
[TestFixture]
internal sealed class BrowserTests
{
    // A folder to look at the pictures in.
    private static readonly string? Screenshots = Environment.GetEnvironmentVariable("AMC_SCREENSHOTS");

    private static readonly string[] Words =
    [
        "a red circle", "the Small Square", "dog </script><img src=x onerror=alert(1)>", "left of it", "zebra"
    ];

    private TempFolder _folder = null!;
    private Browser _browser = null!;
    private string _one = "", _several = "";

    [OneTimeSetUp]
    public async Task Start()
    {
        _folder = new TempFolder();
        (string, int, int)[] phrases =
            [.. Enumerable.Range(0, 15).Select(i => ($"{Words[i % 5]} {i:D2}", 240, i % 4 == 0 ? 320 : 160))];
        PageFile.Save(_one = _folder.PathOf("one.html"), Full(Pages.Of(phrases)));
        PageFile.Save(_several = _folder.PathOf("several.html"), Full(Pages.Of(phrases, runs: 3)));
        _browser = await Browser.Start();
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _folder.Dispose();
    }

    [TestCase(1280, false)]
    [TestCase(1280, true)]
    [TestCase(390, false)]
    [TestCase(390, true)]
    public async Task The_page_is_drawn_at_every_width_light_and_dark(int width, bool dark)
    {
        foreach (var file in new[] { _one, _several })
        {
            await using var open = await _browser.Open(file, width, dark);
            await open.Evaluate<bool>("dispatchEvent(new Event('beforeprint'))");
            var screenshot = await open.Screenshot();
            if (Screenshots is not null)
                File.WriteAllBytes(Path.Combine(Screenshots,
                    $"{Path.GetFileNameWithoutExtension(file)}-{width}-{(dark ? "dark" : "light")}.png"), screenshot);
            var picture = RgbImage.Decode(screenshot, "screenshot");
            Assert.That(picture.Width, Is.EqualTo(width), "nothing is wider than the window");
            Assert.That(picture.Pixels[0], dark ? Is.LessThan(60) : Is.GreaterThan(200), "the colour of the paper");
            Assert.That(Colours(picture), Is.GreaterThan(500), "there is more than paper");
            Assert.That(file == _several || await open.Evaluate<bool>("[...document.querySelectorAll('#breakdowns "
                + ".wide')].every(w => w.scrollWidth <= w.clientWidth)"), "no breakdown is cut off");
            Assert.That(open.Faults, Is.Empty);
        }
    }

    [Test]
    public async Task Letters_are_seen_on_their_ground_and_everything_has_a_name([Values] bool dark)
    {
        await using var open = await _browser.Open(_one, dark: dark);
        foreach ((var text, var ground) in new[] { ("body", "body"), (".said", "figure"), (".hit-text", "figure"),
            (".miss-text", "figure"), (".tools label", "body"), (".tile .name", ".tile"), (".legend", "body") })
        {
            var contrast = await Contrast(open, text, ground);
            Assert.That(contrast, Is.GreaterThanOrEqualTo(4.5), $"{text} on {ground}");
        }
        Assert.That(await open.Evaluate<int>(
            "[...document.querySelectorAll('img')].filter(i => !i.alt.includes('phrase')).length"), Is.Zero);
        Assert.That(await open.Evaluate<int>("[...document.querySelectorAll('main input, main select, "
            + "header select')].filter(i => i.labels.length === 0).length"), Is.Zero);
        Assert.That(await open.Evaluate<int>("[...document.querySelectorAll('.chart > svg')].filter(i => "
            + "!i.ariaLabel?.includes('ends at')).length"), Is.Zero);
    }

    [Test]
    public async Task The_theme_is_switched_by_hand()
    {
        await using var open = await _browser.Open(_one);
        var light = await Colour(open, "body", "backgroundColor");
        await open.Select("#theme", "dark");
        Assert.That(await Colour(open, "body", "backgroundColor"), Is.Not.EqualTo(light));
        await open.Select("#theme", "light");
        Assert.That(await Colour(open, "body", "backgroundColor"), Is.EqualTo(light));
        Assert.That(open.Faults, Is.Empty);
    }

    [Test]
    public async Task Cases_are_sorted()
    {
        await using var open = await _browser.Open(_one);
        var best = await open.Phrases();
        Assert.That(best, Has.Count.EqualTo(15));
        string[] verdicts = [.. await open.Texts("#list figcaption")];
        Assert.That(verdicts.SkipWhile(v => v.Contains("hit,", StringComparison.Ordinal)), Is.All.Contains("miss"),
            "hits come first");
        await open.Select("#sort", "worst");
        Assert.That(await open.Phrases(), Is.Not.EqualTo(best));
        Assert.That((await open.Texts("#list figcaption"))[0], Does.Contain("miss"));
        await open.Select("#sort", "phrase");
        Assert.That(await open.Phrases(), Is.EqualTo(best.Order(StringComparer.InvariantCultureIgnoreCase)));
        await open.Select("#sort", "index");
        Assert.That(
            (await open.Phrases()).Select(p => p[^2..]), Is.EqualTo(Enumerable.Range(0, 15).Select(i => $"{i:D2}")));
        await open.Select("#sort", "score");
        Assert.That((await open.Phrases())[0], Does.EndWith("08"), "the highest score, 0.96");
        Assert.That(open.Faults, Is.Empty);
    }

    [Test]
    public async Task Cases_are_filtered_by_phrase_and_verdict()
    {
        await using var open = await _browser.Open(_one);
        await open.Fill("#phrase", "SMALL squ");
        Assert.That(await open.Phrases(), Has.Count.EqualTo(3).And.All.StartsWith("the Small Square"));
        Assert.That(await open.Text("#count"), Is.EqualTo("3 of 15 cases"));
        await open.Select("#verdict", "hit");
        Assert.That(await open.Phrases(),
            Is.EquivalentTo(new[] { "the Small Square 01", "the Small Square 11" }), "06 is flat");
        await open.Select("#verdict", "flat");
        Assert.That(await open.Phrases(), Is.EqualTo(new[] { "the Small Square 06" }));
        await open.Fill("#phrase", "no such phrase");
        Assert.That(await open.IsVisible("#nothing"));
        await open.Click("#reset");
        Assert.That(await open.Text("#count"), Is.EqualTo("15 of 15 cases"));
        await open.Select("#group", "best");
        Assert.That(await open.Text("#count"), Is.EqualTo("3 of 15 cases"));
        Assert.That(open.Faults, Is.Empty);
    }

    [Test]
    public async Task Keys_walk_through_the_cases_and_open_them()
    {
        await using var open = await _browser.Open(_one);
        var phrases = await open.Phrases();
        Assert.That(await open.IsVisible(".hint"), "the keys are said");
        await open.Press("j");
        Assert.That(await open.Current(), Is.EqualTo(phrases[0]));
        await open.Press("j");
        await open.Press("ArrowRight");
        Assert.That(await open.Current(), Is.EqualTo(phrases[2]));
        await open.Press("k");
        Assert.That(await open.Current(), Is.EqualTo(phrases[1]));
        await open.Press("Enter");
        Assert.That(await open.Text("#viewer-title"), Is.EqualTo(phrases[1]));
        await open.Press("j");
        Assert.That(await open.Text("#viewer-title"), Is.EqualTo(phrases[2]));
        Assert.That(await MapIsDrawn(open, "#viewer canvas"));
        await open.Press("Escape");
        Assert.That(await open.IsVisible("#viewer"), Is.False);
        Assert.That(await open.Current(), Is.EqualTo(phrases[2]), "back where the viewer was");

        await open.Press("/");
        await open.Type("joko");
        Assert.That(
            await open.Value("#phrase"), Is.EqualTo("joko"), "letters are letters in the filter");
        await open.Press("Escape");
        await open.Click("#reset");
        await open.Press("r");
        Assert.That(await open.IsVisible("#list svg"), Is.False);
        Assert.That(open.Faults, Is.Empty);
    }

    // A dialog closes at once and says so later: its event must not take the keys away from the filter.
    [Test]
    public async Task A_slash_leaves_the_viewer_for_the_filter()
    {
        await using var open = await _browser.Open(_one);
        await open.Press("j");
        await open.Press("Enter");
        Assert.That(await open.IsVisible("#viewer"));
        var focused = await WhenClosed(
            open, "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: '/', bubbles: true }))",
            "document.activeElement.id");
        Assert.That(focused, Is.EqualTo("phrase"));
        await open.Type("joko");
        Assert.That(await open.Value("#phrase"), Is.EqualTo("joko"));
        Assert.That(open.Faults, Is.Empty);
    }

    // Without a key that leads elsewhere, the case that the viewer came to has the keys.
    [Test]
    public async Task The_viewer_hands_the_keys_to_the_case_that_it_came_to()
    {
        await using var open = await _browser.Open(_one);
        var phrases = await open.Phrases();
        await open.Press("j");
        await open.Press("Enter");
        await open.Press("j");
        var focused = await WhenClosed(open, "document.querySelector('#viewer').close()",
            "document.activeElement.querySelector('.phrase')?.innerText ?? document.activeElement.outerHTML");
        Assert.That(focused, Is.EqualTo(phrases[1]));
    }

    [Test]
    public async Task The_map_is_as_opaque_as_the_slider_says()
    {
        await using var open = await _browser.Open(_one);
        Assert.That(await Colour(open, "#list canvas", "opacity"), Is.EqualTo("0.6"));
        await open.Fill("#opacity", "25");
        Assert.That(await Colour(open, "#list canvas", "opacity"), Is.EqualTo("0.25"));
        await open.Click("h1");
        await open.Press("o");
        Assert.That(await Colour(open, "#list canvas", "opacity"), Is.EqualTo("0.3"), "the next of the key's steps");
        Assert.That(await open.Text("#opacity-text"), Is.EqualTo("30 %"));
    }

    [Test]
    public async Task Map_region_and_spot_lie_where_they_are_in_the_picture()
    {
        await using var open = await _browser.Open(_one);
        await open.Select("#sort", "index");
        // The second case: a hit, whose map is highest in the middle of the patch (4, 4) of 8, and whose region is the
        // middle half.
        const string figure = "#list figure:nth-child(2)";
        await open.Show(figure);
        Assert.That(await MapIsDrawn(open, $"{figure} canvas"));
        var stage = await open.Box($"{figure} .stage");
        Closeness.Near("the picture's shape", stage.Width / stage.Height, 240 / 160.0, 0.02);
        var outline = await open.Box($"{figure} path.edge");
        Closeness.Near("left", (outline.X - stage.X) / stage.Width, 0.25, 0.01);
        Closeness.Near("bottom", (outline.Y + outline.Height - stage.Y) / stage.Height, 0.75, 0.01);
        var spot = await open.Box($"{figure} .spot");
        Closeness.Near("across", (spot.X + spot.Width / 2 - stage.X) / stage.Width, 4.5 / 8, 0.01);
        Closeness.Near("down", (spot.Y + spot.Height / 2 - stage.Y) / stage.Height, 4.5 / 8, 0.01);
        var peak = await open.Evaluate<double[]>("""
            (() => {
                const canvas = document.querySelector("#list figure:nth-child(2) canvas");
                const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
                let best = 0, sumX = 0, sumY = 0, count = 0;
                for (let i = 3; i < data.length; i += 4)
                    best = Math.max(best, data[i]);
                for (let i = 3; i < data.length; i += 4) {
                    if (data[i] < best)
                        continue;
                    const pixel = (i - 3) / 4;
                    [sumX, sumY, count] = [sumX + pixel % canvas.width + 0.5, sumY + Math.floor(pixel / canvas.width) + 0.5, count + 1];
                }
                return [sumX / count / canvas.width, sumY / count / canvas.height, best];
            })()
            """);
        Closeness.Near("the map's highest place, across", peak[0], 4.5 / 8, 0.015);
        Closeness.Near("the map's highest place, down", peak[1], 4.5 / 8, 0.015);
        Assert.That(peak[2], Is.EqualTo(255));
    }

    [Test]
    public async Task Several_runs_stand_side_by_side()
    {
        await using var open = await _browser.Open(_several);
        Assert.That(await open.Count("#list figure:first-child .panel"), Is.EqualTo(3));
        Assert.That(await open.Count("#numbers tbody tr"), Is.EqualTo(3));
        await open.Select("#verdict", "differ");
        var shown = await open.Phrases();
        // Flat maps are misses of every run; all other questions are missed by one run of three.
        Assert.That(shown, Has.Count.EqualTo(13));
        Assert.That(open.Faults, Is.Empty);
    }

    [Test]
    public async Task Numbers_breakdowns_and_curves_are_there()
    {
        await using var open = await _browser.Open(_one);
        Assert.That(await open.Text("#numbers"), Does.Contain("62.5 %").And.Contain("55.0–70.0 %"));
        Assert.That(await open.Count("#breakdowns tbody tr"), Is.EqualTo(3));
        Assert.That(await open.Count("#charts path.line"), Is.EqualTo(3));
        await open.Hover("#charts svg");
        Assert.That(await open.Text("#charts .readout"),
            Does.Match("step [0-9]+: the model [0-9.]+ %"));
        Assert.That(await open.Text("#notes"), Is.EqualTo("Something to know."));
    }

    // Among every 13th pixel.
    private static int Colours(RgbImage picture)
    {
        var colours = new HashSet<int>();
        for (var i = 0; i < picture.Pixels.Length - 2; i += 39)
            colours.Add(picture.Pixels[i] << 16 | picture.Pixels[i + 1] << 8 | picture.Pixels[i + 2]);
        return colours.Count;
    }

    private static PageData Full(PageData page) => page with
    {
        Notes = ["Something to know."],
        Breakdowns =
        [
            new PageBreakdown("region size", "pointing accuracy",
                [.. new[] { "small", "medium", "large" }.Select((g, i) => new PageRow(
                    g, 10 * i + 5, [.. page.Runs.Select(
                        _ => new PageNumber("", 0.3 + 0.2 * i) { Low = 0.2 + 0.2 * i, High = 0.4 + 0.2 * i })]))]),
        ],
        Charts =
        [
            new PageChart(
                "Pointing accuracy", "step", true, [new PageLine("the model", [0, 100, 200], [0.1, 0.4, 0.6])])
            {
                Level = new PageNumber("a random point", 0.2)
            },
            new PageChart("Loss", "step", false, [.. new[] { "total", "itm" }.Select((n, k) => new PageLine(
                n, [.. Enumerable.Range(1, 100).Select(s => (double)s)], [
                    .. Enumerable.Range(1, 100).Select(s => 4.0 / (s + 5 * k))]))]),
        ],
    };

    private static Task<string> Colour(OpenPage open, string selector, string property) =>
        open.Evaluate<string>($"getComputedStyle(document.querySelector('{selector}')).{property}");

    // What is found when something has closed the viewer, and the page has heard of it.
    private static Task<string> WhenClosed(OpenPage open, string act, string found) => open.Evaluate<string>($$"""
        new Promise(done => {
            document.querySelector("#viewer").addEventListener("close", () => done({{found}}));
            {{act}};
        })
        """);

    private static Task<bool> MapIsDrawn(OpenPage open, string canvas) => open.Evaluate<bool>($$"""
        new Promise(done => {
            const look = left => {
                const one = document.querySelector("{{canvas}}");
                const drawn = one.getContext("2d").getImageData(0, 0, one.width, one.height).data.some(v => v > 0);
                return drawn || left === 0 ? done(drawn) : setTimeout(() => look(left - 1), 50);
            };
            look(60);
        })
        """);

    // The contrast of the recommendations for accessible pages: (lighter + 0.05) / (darker + 0.05), 4.5 for small
    // letters.
    private static async Task<double> Contrast(OpenPage open, string text, string ground)
    {
        double letters = Luminance(await Colour(open, text, "color")),
            paper = Luminance(await Colour(open, ground, "backgroundColor"));
        return (Math.Max(letters, paper) + 0.05) / (Math.Min(letters, paper) + 0.05);
    }

    private static double Luminance(string colour)
    {
        double[] channels = [.. Regex.Matches(colour, "[0-9.]+").Take(3).Select(
            m => double.Parse(m.Value, System.Globalization.CultureInfo.InvariantCulture) / 255)
            .Select(c => c <= 0.04045 ? c / 12.92 : Math.Pow((c + 0.055) / 1.055, 2.4))];
        return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2];
    }
}
