using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Support.Browser;

/// <summary>
/// A real headless Chromium, with scripts of pages switched off unless a test wants them, driven over the DevTools protocol; one profile,
/// one tab.
/// </summary>
internal sealed class Chromium : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ClientWebSocket _socket = new();
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(5));
    private readonly List<string> _faults = [];
    private ChildProcess _process = null!;
    private string _session = "";
    private int _id;

    public static async Task<Chromium> Start(bool scripts = false)
    {
        var browser = new Chromium();
        browser._process = ChildProcess.Start(
            "chromium",
            [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--no-proxy-server",
                "--remote-debugging-port=0",
                $"--user-data-dir={browser._folder.Path}", "about:blank",
            ]);
        var address = await browser._process.Line(
            line => line.StartsWith("DevTools listening on ", StringComparison.Ordinal) ? line[21..].Trim() : null);
        await browser._socket.ConnectAsync(new Uri(address), browser._limit.Token);
        var tab = await browser.Call("Target.createTarget", new { url = "about:blank" });
        var attached = await browser.Call("Target.attachToTarget", new { targetId = tab["targetId"]!.GetValue<string>(), flatten = true });
        browser._session = attached["sessionId"]!.GetValue<string>();
        await browser.Call("Page.enable", new { });
        await browser.Call("Runtime.enable", new { });
        await browser.Call("Emulation.setScriptExecutionDisabled", new { value = !scripts });
        return browser;
    }

    /// <summary>What scripts of pages threw and did not catch.</summary>
    public IReadOnlyList<string> Faults => _faults;

    /// <summary>Opens an address; whether it is shown, and not put into a file.</summary>
    public async Task<bool> Open(string address) =>
        (await Call("Page.navigate", new { url = address }))["isDownload"]?.GetValue<bool>() != true;

    /// <summary>The address of the page that is shown.</summary>
    public async Task<string> Address() => await Evaluate("location.href");

    /// <summary>The text of an element; empty when there is none.</summary>
    public Task<string> Text(string selector) =>
        Evaluate($"document.querySelector({JsonSerializer.Serialize(selector)})?.textContent ?? ''");

    public async Task WaitFor(string selector)
    {
        var found = $"document.readyState === 'complete' && document.querySelector({JsonSerializer.Serialize(selector)}) !== null ? " +
            $"'yes' : ''";
        try
        {
            await Eventually.True(async () => await Evaluate(found) == "yes", $"{selector} is shown", TimeSpan.FromSeconds(60));
        }
        catch (TimeoutException)
        {
            Assert.Fail($"{selector} is not shown, but {await Evaluate("location.href")}: " +
                $"{await Evaluate("document.documentElement.outerHTML")}");
        }
    }

    public Task Fill(string selector, string value) =>
        Evaluate($"document.querySelector({JsonSerializer.Serialize(selector)}).value = {JsonSerializer.Serialize(value)}");

    public Task Click(string selector) => Evaluate($"document.querySelector({JsonSerializer.Serialize(selector)}).click(), ''");

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _process.DisposeAsync();
        _limit.Dispose();
        _folder.Dispose();
    }

    /// <summary>Shows pages in a window of a size, to somebody who wants them dark or light.</summary>
    public async Task Look(int width, int height, bool isDark)
    {
        await Call("Emulation.setDeviceMetricsOverride", new { width, height, deviceScaleFactor = 1, mobile = false });
        await Call("Emulation.setScrollbarsHidden", new { hidden = true });
        var scheme = new { name = "prefers-color-scheme", value = isDark ? "dark" : "light" };
        await Call("Emulation.setEmulatedMedia", new { features = new[] { scheme } });
    }

    /// <summary>Sends a header with every request from now on.</summary>
    public async Task SendHeader(string name, string value)
    {
        await Call("Network.enable", new { });
        await Call("Network.setExtraHTTPHeaders", new { headers = new Dictionary<string, string> { [name] = value } });
    }

    /// <summary>Presses a key, as somebody does who has no mouse.</summary>
    /// <param name="key">Its name: <c>Tab</c>, <c>Enter</c>, <c>Escape</c>.</param>
    public async Task Press(string key)
    {
        var code = key switch { "Tab" => 9, "Enter" => 13, "Escape" => 27, _ => throw new ArgumentException(key) };
        var text = key == "Enter" ? "\r" : "";
        await Call("Input.dispatchKeyEvent", new { type = "keyDown", key, code = key, windowsVirtualKeyCode = code, text });
        await Call("Input.dispatchKeyEvent", new { type = "keyUp", key, code = key, windowsVirtualKeyCode = code });
    }

    /// <summary>Types a text where the focus is.</summary>
    public Task Type(string text) => Call("Input.insertText", new { text });

    /// <summary>Writes a picture of the window.</summary>
    public async Task Screenshot(string file)
    {
        var answer = await Call("Page.captureScreenshot", new { format = "png" });
        await File.WriteAllBytesAsync(file, Convert.FromBase64String(answer["data"]!.GetValue<string>()));
    }

    /// <summary>Runs a script in the page and gives its value as text; throws when the script does.</summary>
    public async Task<string> Evaluate(string expression)
    {
        var answer = await Call("Runtime.evaluate", new { expression, returnByValue = true, awaitPromise = true });
        if (answer["exceptionDetails"] is { } fault)
        {
            var text = fault["exception"]?["description"] ?? fault["text"];
            throw new InvalidOperationException($"{text}, in: {expression[..Math.Min(300, expression.Length)]}");
        }

        return answer["result"]?["value"]?.ToString() ?? "";
    }

    private async Task<JsonNode> Call(string method, object parameters)
    {
        var id = ++_id;
        var message = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = JsonSerializer.SerializeToNode(parameters) };
        if (_session.Length > 0)
        {
            message["sessionId"] = _session;
        }

        await _socket.SendAsync(Encoding.UTF8.GetBytes(message.ToJsonString()), WebSocketMessageType.Text, true, _limit.Token);
        while (true)
        {
            var answer = await Receive();
            if (answer["method"]?.GetValue<string>() == "Runtime.exceptionThrown")
            {
                _faults.Add(answer["params"]!["exceptionDetails"]!.ToJsonString());
            }

            if (answer["id"]?.GetValue<int>() == id)
            {
                return answer["error"] is { } error ? throw new InvalidOperationException($"{method}: {error}") : answer["result"]!;
            }
        }
    }

    private async Task<JsonNode> Receive()
    {
        using var text = new MemoryStream();
        var buffer = new byte[1 << 16];
        ValueWebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(buffer.AsMemory(), _limit.Token);
            text.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        return JsonNode.Parse(text.ToArray())!;
    }
}
