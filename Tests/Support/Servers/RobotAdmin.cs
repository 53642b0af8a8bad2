using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>The robots of a front door, as an operator has them made.</summary>
internal sealed class RobotAdmin(string adminUrl, string tenant = "acme") : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = new Uri(adminUrl) };

    /// <summary>Makes one; returns its secret.</summary>
    public async Task<string> Create(string name, string[] repositories, string[] actions, string expires = "90d") =>
        (await Ask(HttpMethod.Post, "", new { name, repositories, actions, expires }, HttpStatusCode.Created))
            .GetProperty("secret").GetString()!;

    /// <summary>Gives it a new secret, and returns that.</summary>
    public async Task<string> Rotate(string name) => (await Ask(HttpMethod.Post, $"/{name}/rotate")).GetProperty("secret").GetString()!;

    public Task Revoke(string name) => Ask(HttpMethod.Delete, $"/{name}");

    public Task EndSecret(string name, string id) => Ask(HttpMethod.Delete, $"/{name}/secrets/{id}");

    public Task<JsonElement> List() => Ask(HttpMethod.Get, "");

    /// <summary>Asks, and expects an answer.</summary>
    public async Task<JsonElement> Ask(HttpMethod method, string path, object? body = null, HttpStatusCode status = HttpStatusCode.OK)
    {
        using var request = new HttpRequestMessage(method, $"/admin/robots{path}?tenant={tenant}");
        request.Content = body is null ? null : JsonContent.Create(body);
        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == status, $"{method} {path}: {(int)response.StatusCode} {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    public void Dispose() => _http.Dispose();
}
