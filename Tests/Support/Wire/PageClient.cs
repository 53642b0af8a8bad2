using System.Net.Http.Json;
using System.Text.Json;
using RegistryProxy.Gateway.Pages;
using RegistryProxy.Gateway.PageSessions;

namespace RegistryProxy.Tests.Support.Wire;

/// <summary>Asks what the page for people asks, with the cookies that a browser would keep.</summary>
internal sealed class PageClient(string url) : IDisposable
{
    private readonly HttpClient _http =
        new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = new Uri(url) };

    /// <summary>The cookies by name, as they were set last.</summary>
    public Dictionary<string, string> Cookies { get; } = [];

    /// <summary>The token against forged requests, as the page was told it last.</summary>
    public string Token { get; private set; } = "";

    /// <summary>What <c>Set-Cookie</c> said last.</summary>
    public IReadOnlyList<string> SetCookies { get; private set; } = [];

    /// <summary>What the page is to show.</summary>
    public async Task<JsonElement> Me()
    {
        using var answer = await Get("/page/me");
        await answer.ShouldBe(System.Net.HttpStatusCode.OK);
        var me = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Token = me.GetProperty("token").GetString()!;
        return me;
    }

    /// <summary>Logs in with a user name and a password.</summary>
    public async Task<HttpResponseMessage> LogIn(string user, string password, string address = "/page/login")
    {
        await Me();
        return await Post(address, new { user, password });
    }

    public Task<HttpResponseMessage> Get(string target, params (string Name, string Value)[] headers) =>
        Send(HttpMethod.Get, target, null, headers);

    /// <summary>Sends a change as the page does.</summary>
    public Task<HttpResponseMessage> Post(string target, object body, params (string Name, string Value)[] headers) =>
        Send(HttpMethod.Post, target, JsonContent.Create(body), [(PageCookies.TokenHeader, Token), .. headers]);

    /// <summary>Sends a request as the page does; a header without a value is left out.</summary>
    public async Task<HttpResponseMessage> Send(
        HttpMethod method, string target, HttpContent? content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, target) { Content = content };
        foreach (var (name, value) in headers.Prepend((PageEndpoints.ScriptHeader, "1")).GroupBy(header => header.Item1)
            .Select(header => header.Last()).Where(header => header.Item2.Length > 0))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        if (Cookies.Count > 0 && !request.Headers.Contains("Cookie"))
        {
            request.Headers.Add("Cookie", string.Join("; ", Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")));
        }

        var answer = await _http.SendAsync(request);
        SetCookies = answer.Headers.TryGetValues("Set-Cookie", out var set) ? [.. set] : [];
        foreach (var cookie in SetCookies.Select(line => line.Split(';')[0].Split('=', 2)))
        {
            Cookies.Remove(cookie[0]);
            if (cookie[1].Length > 0)
            {
                Cookies[cookie[0]] = cookie[1];
            }
        }

        return answer;
    }

    public void Dispose() => _http.Dispose();
}
