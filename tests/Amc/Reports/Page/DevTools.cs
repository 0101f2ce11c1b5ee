using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json;

namespace AmcEngine.Tests.Amc.Reports.Page;

/// <summary>
/// Chromium's DevTools protocol (https://chromedevtools.github.io/devtools-protocol/): commands with their answers,
/// and events, as JSON over a web socket.
/// </summary>
internal sealed class DevTools : IAsyncDisposable
{
    /// <summary>The longest time that anything is waited for; a loaded machine is slow.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly ClientWebSocket _socket = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly CancellationTokenSource _over = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonElement>> _asked = new();
    private readonly ConcurrentDictionary<string, Action<string, JsonElement>> _listeners = new();
    private Task _reading = Task.CompletedTask;
    private int _last;

    private DevTools() { }

    /// <summary>Connects to the address that a browser has told.</summary>
    public static async Task<DevTools> Connect(Uri address)
    {
        var tools = new DevTools();
        // The browser is on this machine, whatever proxy the environment names.
        tools._socket.Options.Proxy = null;
        await InTime(tools._socket.ConnectAsync(address, CancellationToken.None), $"a connection to {address}");
        tools._reading = tools.Read();
        return tools;
    }

    /// <summary>Waits as long as <see cref="Patience"/>, and says what did not come.</summary>
    public static async Task InTime(Task task, string what)
    {
        if (await Task.WhenAny(task, Task.Delay(Patience)) != task)
            throw new TimeoutException($"{what} did not come within {Patience.TotalSeconds} s");
        await task;
    }

    /// <summary>Hears the events of a session: their names and parameters, on the thread that reads.</summary>
    public void Listen(string session, Action<string, JsonElement> heard) => _listeners[session] = heard;

    /// <summary>Gives a command and waits for its answer.</summary>
    /// <param name="method">Domain and name, such as <c>Page.navigate</c>.</param>
    /// <param name="parameters">Its parameters, spelt as in the protocol.</param>
    /// <param name="session">The session of a page; none for the browser itself.</param>
    public async Task<JsonElement> Send(string method, object? parameters = null, string? session = null)
    {
        var id = Interlocked.Increment(ref _last);
        var answer = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked[id] = answer;
        var command = session is null
            ? JsonSerializer.SerializeToUtf8Bytes(new { id, method, @params = parameters ?? new { } })
            : JsonSerializer.SerializeToUtf8Bytes(
                new { id, method, @params = parameters ?? new { }, sessionId = session });
        try
        {
            await InTime(Write(command), $"the sending of {method}");
            await InTime(answer.Task, $"the answer to {method}");
        }
        finally
        {
            _asked.TryRemove(id, out _);
        }
        var told = await answer.Task;
        return told.TryGetProperty("error", out var error)
            ? throw new InvalidOperationException($"{method}: {error}")
            : told.GetProperty("result");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await InTime(_reading, "the end of the connection");
        _socket.Dispose();
        _sending.Dispose();
        _over.Dispose();
    }

    private async Task Write(byte[] command)
    {
        await _sending.WaitAsync(_over.Token);
        try
        {
            await _socket.SendAsync(command, WebSocketMessageType.Text, true, _over.Token);
        }
        finally
        {
            _sending.Release();
        }
    }

    // Whoever still waits when the connection ends is told why.
    private async Task Read()
    {
        Exception end = new IOException("the browser has closed the connection");
        try
        {
            using var message = new MemoryStream();
            var part = new byte[1 << 16];
            while (true)
            {
                var read = await _socket.ReceiveAsync(part, _over.Token);
                if (read.MessageType == WebSocketMessageType.Close)
                    break;
                message.Write(part, 0, read.Count);
                if (!read.EndOfMessage)
                    continue;
                Tell(JsonElement.Parse(message.GetBuffer().AsSpan(0, (int)message.Length)));
                message.SetLength(0);
            }
        }
        catch (Exception e)
        {
            end = new IOException("the connection to the browser has ended", e);
        }
        foreach (var answer in _asked.Values)
            answer.TrySetException(end);
    }

    private void Tell(JsonElement message)
    {
        if (message.TryGetProperty("id", out var id))
        {
            if (_asked.TryGetValue(id.GetInt32(), out var answer))
                answer.TrySetResult(message);
        }
        else if (message.TryGetProperty("sessionId", out var session)
            && _listeners.TryGetValue(session.GetString()!, out var heard))
        {
            heard(message.GetProperty("method").GetString()!, message.GetProperty("params"));
        }
    }
}
