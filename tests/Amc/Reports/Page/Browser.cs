using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Reports.Page;

/// <summary>The system's Chromium without a window, or the reason why a test that needs it skips.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private const string Told = "DevTools listening on ";

    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    // Without a sandbox, since tests may run as root; the page is the test's own. The rest keeps it quiet, without
    // scrollbars, and awake though no one sees its windows; keys count before anything is drawn.
    private static readonly string[] Switches =
    [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--no-first-run",
        "--no-default-browser-check", "--disable-background-networking", "--disable-component-update",
        "--disable-default-apps", "--disable-extensions", "--disable-sync", "--disable-breakpad",
        "--disable-dev-shm-usage", "--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding",
        "--disable-background-timer-throttling", "--allow-pre-commit-input", "--password-store=basic",
        "--use-mock-keychain", "--mute-audio", "--hide-scrollbars", "--force-color-profile=srgb",
    ];

    private readonly TempFolder _folder = new();
    private readonly ConcurrentQueue<string> _said = new();
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Process _process;
    private DevTools? _tools;

    private Browser(string program)
    {
        var start = new ProcessStartInfo(program, [.. Switches, $"--user-data-dir={_folder.Path}", "about:blank"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.Exited += (_, _) => _address.TrySetException(new IOException("the browser has ended"));
        _process.ErrorDataReceived += (_, e) =>
        {
            _said.Enqueue(e.Data ?? "");
            if (e.Data?.StartsWith(Told, StringComparison.Ordinal) == true)
                _address.TrySetResult(new Uri(e.Data[Told.Length..]));
        };
    }

    /// <summary>Starts it; a test skips where there is none.</summary>
    public static async Task<Browser> Start()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        var program = folders.SelectMany(f => Names.Select(n => Path.Combine(f, n))).FirstOrDefault(File.Exists);
        if (program is null)
            Assert.Ignore("the page is looked at in Chromium, which is not here: apt-get install chromium");
        var browser = new Browser(program);
        try
        {
            await browser.Connect();
            return browser;
        }
        catch (Exception e)
        {
            await browser.DisposeAsync();
            throw new IOException($"{program} does not start; it said:\n{string.Join('\n', browser._said)}", e);
        }
    }

    /// <summary>Opens a file, with nothing known of earlier ones, and waits until it is loaded.</summary>
    /// <param name="file">The file.</param>
    /// <param name="width">Width of the window in pixels.</param>
    /// <param name="dark">Whether the system says that it is dark.</param>
    public async Task<OpenPage> Open(string file, int width = 1280, bool dark = false)
    {
        var made = await _tools!.Send("Target.createBrowserContext");
        var browserContextId = made.GetProperty("browserContextId").GetString()!;
        var target = await _tools.Send("Target.createTarget", new { url = "about:blank", browserContextId });
        var targetId = target.GetProperty("targetId").GetString();
        var attached = await _tools.Send("Target.attachToTarget", new { targetId, flatten = true });
        var page = new OpenPage(_tools, browserContextId, attached.GetProperty("sessionId").GetString()!);
        await page.Load(file, width, dark);
        return page;
    }

    /// <summary>Kills it and deletes what it has stored.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_tools is not null)
                await _tools.DisposeAsync();
        }
        finally
        {
            Kill();
            _process.Dispose();
            await Delete();
        }
    }

    private async Task Connect()
    {
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await DevTools.InTime(_address.Task, $"the line \"{Told}\"");
        _tools = await DevTools.Connect(await _address.Task);
    }

    private void Kill()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit(DevTools.Patience);
        }
        catch (InvalidOperationException)
        {
            // It was never started.
        }
    }

    // Processes of the browser may write for a moment after the first one has ended.
    private async Task Delete()
    {
        for (var watch = Stopwatch.StartNew(); ;)
        {
            try
            {
                _folder.Dispose();
                return;
            }
            catch (IOException) when (watch.Elapsed < DevTools.Patience)
            {
                await Task.Delay(50);
            }
        }
    }
}

/// <summary>A box on the screen.</summary>
/// <param name="X">Left side, from the left of the window, in pixels.</param>
/// <param name="Y">Upper side, from the top of the window, in pixels.</param>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
internal sealed record ScreenBox(double X, double Y, double Width, double Height);

/// <summary>
/// A page in the browser, with what goes wrong in it. Elements are named by selectors of style sheets; the first that
/// a selector finds is meant, and there must be one.
/// </summary>
internal sealed class OpenPage(DevTools tools, string context, string session) : IAsyncDisposable
{
    // Keys without a letter, by their names: the number that Windows has for them, and the text that they write.
    private static readonly Dictionary<string, (int Number, string? Text)> Keys = new(StringComparer.Ordinal)
    {
        ["Enter"] = (13, "\r"),
        ["Escape"] = (27, null),
        ["ArrowRight"] = (39, null),
    };

    // By the loader's name; whether the event or the one who waits for it comes first.
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _loaded = new();

    /// <summary>Errors and warnings of its console, scripts that were let in, requests to the network.</summary>
    public ConcurrentQueue<string> Faults { get; } = new();

    /// <summary>Opens a file and waits until it is loaded.</summary>
    public async Task Load(string file, int width, bool dark)
    {
        tools.Listen(session, Hear);
        foreach (var domain in new[] { "Page", "Runtime", "Log", "Network" })
            await Send($"{domain}.enable");
        await Send("Page.setLifecycleEventsEnabled", new { enabled = true });
        await Send("Emulation.setFocusEmulationEnabled", new { enabled = true });
        await Send("Emulation.setDeviceMetricsOverride",
            new { width, height = width > 600 ? 900 : 844, deviceScaleFactor = 1, mobile = false });
        await Send("Emulation.setEmulatedMedia", new
        {
            features = new[]
            {
                new { name = "prefers-color-scheme", value = dark ? "dark" : "light" },
                new { name = "prefers-reduced-motion", value = "reduce" },
            },
        });
        var opened = await Send("Page.navigate", new { url = new Uri(file).AbsoluteUri });
        if (opened.TryGetProperty("errorText", out var error))
            throw new IOException($"{file}: {error}");
        await DevTools.InTime(Loaded(opened.GetProperty("loaderId").GetString()!).Task, $"the end of loading {file}");
    }

    /// <summary>The value of a script's expression, or what its promise comes to.</summary>
    public async Task<T> Evaluate<T>(string expression)
    {
        var answer = await Send("Runtime.evaluate", new { expression, awaitPromise = true, returnByValue = true });
        if (answer.TryGetProperty("exceptionDetails", out var fault))
            throw new InvalidOperationException($"{Message(fault)}\nin {expression}");
        return answer.GetProperty("result").TryGetProperty("value", out var value)
            ? value.Deserialize<T>(JsonSerializerOptions.Web)!
            : throw new InvalidOperationException($"nothing comes of {expression}");
    }

    /// <summary>The text of an element as it is seen.</summary>
    public Task<string> Text(string selector) => Of<string>(selector, "found.innerText");

    /// <summary>The texts of all elements that a selector finds, as they are seen.</summary>
    public Task<string[]> Texts(string selector) =>
        Evaluate<string[]>($"[...document.querySelectorAll({Quoted(selector)})].map(e => e.innerText)");

    /// <summary>How many elements a selector finds.</summary>
    public Task<int> Count(string selector) =>
        Evaluate<int>($"document.querySelectorAll({Quoted(selector)}).length");

    /// <summary>What stands in an input.</summary>
    public Task<string> Value(string selector) => Of<string>(selector, "found.value");

    /// <summary>Whether an element takes room on the page and is not hidden.</summary>
    public Task<bool> IsVisible(string selector) =>
        Of<bool>(selector, "found.checkVisibility({ visibilityProperty: true })");

    /// <summary>Where an element is.</summary>
    public Task<ScreenBox> Box(string selector) => Of<ScreenBox>(selector, "found.getBoundingClientRect().toJSON()");

    /// <summary>The phrases of the cases that are shown, in their order.</summary>
    public async Task<IReadOnlyList<string>> Phrases() => await Texts("#list .phrase");

    /// <summary>The phrase of the case that the keys have come to; empty where there is none.</summary>
    public Task<string> Current() =>
        Evaluate<string>("document.querySelector('figure.current .phrase')?.innerText ?? ''");

    /// <summary>Chooses of a list.</summary>
    public async Task Select(string selector, string value)
    {
        await Set(selector, value);
        Assert.That(await Value(selector), Is.EqualTo(value), $"{selector} has such a choice");
    }

    /// <summary>Writes into an input in place of what stands there.</summary>
    public Task Fill(string selector, string text) => Set(selector, text);

    /// <summary>Scrolls an element to the middle of the window.</summary>
    public Task Show(string selector) =>
        Of<bool>(selector, "(found.scrollIntoView({ block: 'center', behavior: 'instant' }), true)");

    /// <summary>Moves the mouse to the middle of an element, which must not be covered.</summary>
    public Task Hover(string selector) => Point(selector);

    /// <summary>Clicks the middle of an element, which must not be covered.</summary>
    public async Task Click(string selector)
    {
        var (x, y) = await Point(selector);
        foreach (var type in new[] { "mousePressed", "mouseReleased" })
            await Send("Input.dispatchMouseEvent", new { type, x, y, button = "left", clickCount = 1 });
    }

    /// <summary>Presses a key and lets it go: a letter, a slash, or one by its name.</summary>
    public async Task Press(string key)
    {
        var named = Keys.TryGetValue(key, out var known);
        var code = named ? key : key == "/" ? "Slash" : $"Key{key.ToUpperInvariant()}";
        var windowsVirtualKeyCode = named ? known.Number : key == "/" ? 191 : char.ToUpperInvariant(key[0]);
        var text = named ? known.Text : key;
        var type = text is null ? "rawKeyDown" : "keyDown";
        await Send("Input.dispatchKeyEvent", new { type, key, code, windowsVirtualKeyCode, text = text ?? "" });
        await Send("Input.dispatchKeyEvent", new { type = "keyUp", key, code, windowsVirtualKeyCode });
    }

    /// <summary>Presses the keys of letters.</summary>
    public async Task Type(string letters)
    {
        foreach (var letter in letters)
            await Press(letter.ToString());
    }

    /// <summary>A picture of the whole page, as PNG.</summary>
    public async Task<byte[]> Screenshot()
    {
        var size = (await Send("Page.getLayoutMetrics")).GetProperty("cssContentSize");
        var clip = new
        {
            x = 0,
            y = 0,
            width = size.GetProperty("width").GetDouble(),
            height = size.GetProperty("height").GetDouble(),
            scale = 1,
        };
        var taken = await Send("Page.captureScreenshot", new { format = "png", captureBeyondViewport = true, clip });
        return taken.GetProperty("data").GetBytesFromBase64();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() =>
        await tools.Send("Target.disposeBrowserContext", new { browserContextId = context });

    private Task<JsonElement> Send(string method, object? parameters = null) => tools.Send(method, parameters, session);

    private TaskCompletionSource Loaded(string loader) =>
        _loaded.GetOrAdd(loader, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));

    private void Hear(string method, JsonElement told)
    {
        switch (method)
        {
            case "Page.lifecycleEvent" when told.GetProperty("name").ValueEquals("load"):
                Loaded(told.GetProperty("loaderId").GetString()!).TrySetResult();
                break;
            case "Runtime.consoleAPICalled" when told.GetProperty("type").GetString() is "error" or "warning":
                Faults.Enqueue(string.Join(' ', told.GetProperty("args").EnumerateArray()));
                break;
            case "Runtime.exceptionThrown":
                Faults.Enqueue(Message(told.GetProperty("exceptionDetails")));
                break;
            case "Log.entryAdded" when told.GetProperty("entry").GetProperty("level").GetString()
                is "error" or "warning":
                Faults.Enqueue(told.GetProperty("entry").GetProperty("text").GetString()!);
                break;
            case "Page.javascriptDialogOpening":
                Faults.Enqueue($"a phrase ran as a script: {told.GetProperty("message")}");
                _ = Send("Page.handleJavaScriptDialog", new { accept = false });
                break;
            case "Network.requestWillBeSent":
                var url = told.GetProperty("request").GetProperty("url").GetString()!;
                if (!url.StartsWith("file:", StringComparison.Ordinal)
                    && !url.StartsWith("data:", StringComparison.Ordinal))
                    Faults.Enqueue($"asks the network for {url}");
                break;
        }
    }

    private static string Message(JsonElement fault) =>
        fault.TryGetProperty("exception", out var thrown) && thrown.TryGetProperty("description", out var description)
            ? description.GetString()!
            : fault.GetProperty("text").GetString()!;

    private static string Quoted(string text) => JsonSerializer.Serialize(text);

    private Task<T> Of<T>(string selector, string use) => Evaluate<T>($$"""
        (() => {
            const found = document.querySelector({{Quoted(selector)}});
            if (found === null)
                throw new Error("no such element");
            return {{use}};
        })()
        """);

    private async Task Set(string selector, string value)
    {
        Assert.That(await Of<bool>(selector, "found.checkVisibility() && !found.disabled"), $"{selector} can be set");
        await Of<bool>(selector, $$"""
            (found.focus(), found.value = {{Quoted(value)}},
                ["input", "change"].forEach(type => found.dispatchEvent(new Event(type, { bubbles: true }))), true)
            """);
    }

    // What the mouse would meet there must be the element or a part of it.
    private async Task<(double X, double Y)> Point(string selector)
    {
        await Show(selector);
        var box = await Box(selector);
        var (x, y) = (box.X + box.Width / 2, box.Y + box.Height / 2);
        Assert.That(await Of<bool>(selector, FormattableString.Invariant(
            $"found.contains(document.elementFromPoint({x}, {y}))")), $"{selector} is seen and not covered");
        await Send("Input.dispatchMouseEvent", new { type = "mouseMoved", x, y });
        return (x, y);
    }
}
