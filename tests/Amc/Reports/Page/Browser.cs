using Microsoft.Playwright;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Reports.Page;

/// <summary>The system's Chromium without a window, or the reason why a test that needs it skips.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Browser(IPlaywright playwright, IBrowser browser) => (_playwright, _browser) = (playwright, browser);

    /// <summary>Starts it; a test skips where there is none.</summary>
    public static async Task<Browser> Start()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        var program = folders.SelectMany(f => Names.Select(n => Path.Combine(f, n))).FirstOrDefault(File.Exists);
        if (program is null)
            Assert.Ignore("the page is looked at in Chromium, which is not here: apt-get install chromium");
        var playwright = await Playwright.CreateAsync();
        // Without a sandbox, since tests may run as root; the page is the test's own.
        var browser = await playwright.Chromium.LaunchAsync(
            new() { ExecutablePath = program, Args = ["--no-sandbox", "--disable-gpu"] });
        return new Browser(playwright, browser);
    }

    /// <summary>Opens a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="width">Width of the window in pixels.</param>
    /// <param name="dark">Whether the system says that it is dark.</param>
    public async Task<OpenPage> Open(string file, int width = 1280, bool dark = false)
    {
        var context = await _browser.NewContextAsync(new()
        {
            ViewportSize = new() { Width = width, Height = width > 600 ? 900 : 844 },
            ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
            ReducedMotion = ReducedMotion.Reduce,
        });
        var page = await context.NewPageAsync();
        var opened = new OpenPage(page);
        await page.GotoAsync(new Uri(file).AbsoluteUri);
        return opened;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}

/// <summary>A page in the browser, with what goes wrong in it.</summary>
internal sealed class OpenPage : IAsyncDisposable
{
    /// <summary>Listens to a page that is about to be opened.</summary>
    public OpenPage(IPage page)
    {
        Page = page;
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                Faults.Add(message.Text);
        };
        page.PageError += (_, error) => Faults.Add(error);
        page.Dialog += (_, dialog) =>
        {
            Faults.Add($"a phrase ran as a script: {dialog.Message}");
            _ = dialog.DismissAsync();
        };
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith("file:", StringComparison.Ordinal)
                && !request.Url.StartsWith("data:", StringComparison.Ordinal))
                Faults.Add($"asks the network for {request.Url}");
        };
    }

    /// <summary>The page.</summary>
    public IPage Page { get; }

    /// <summary>Errors and warnings of its console, scripts that were let in, requests to the network.</summary>
    public List<string> Faults { get; } = [];

    /// <summary>The phrases of the cases that are shown, in their order.</summary>
    public async Task<IReadOnlyList<string>> Phrases() => await Page.Locator("#list .phrase").AllInnerTextsAsync();

    /// <summary>What the page says of how many cases are shown.</summary>
    public Task<string> Count() => Page.Locator("#count").InnerTextAsync();

    /// <summary>The phrase of the case that the keys have come to; empty where there is none.</summary>
    public Task<string> Current() =>
        Page.EvaluateAsync<string>("document.querySelector('figure.current .phrase')?.innerText ?? ''");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await Page.Context.CloseAsync();
}
