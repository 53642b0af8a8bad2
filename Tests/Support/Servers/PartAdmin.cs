using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>The part of a managed tenant, as its administrators or, without a token, its operator have it.</summary>
internal sealed class PartAdmin(string url, string? token = null, string tenant = "acme") : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });

    /// <summary>Logs somebody in who administers the tenant of a host.</summary>
    public static async Task<PartAdmin> Login(string url, string user, string tenant = "acme")
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{url}/token?scope=tenant:{tenant}:administer");
        request.Headers.Authorization = RegistryClient.Basic(user, FrontDoor.PasswordOf(user));
        using var response = await http.SendAsync(request);
        await response.ShouldBe(HttpStatusCode.OK);
        return new PartAdmin(url, (await RegistryClient.ReadToken(response)).Token!, tenant);
    }

    public async Task<(string Yaml, string ETag)> Read(string query = "")
    {
        var answer = await Send(HttpMethod.Get, "", query: query);
        Assert.True(answer.Status == 200, answer.Text);
        Assert.Equal("application/yaml", answer.Type);
        return (answer.Text, answer.ETag ?? "");
    }

    /// <summary>Writes it, made for what is there now.</summary>
    public async Task<JsonElement> Write(string yaml)
    {
        var answer = await Send(HttpMethod.Put, "", yaml, (await Read()).ETag);
        Assert.True(answer.Status == 200, $"{answer.Status} {answer.Text}");
        return JsonDocument.Parse(answer.Text).RootElement;
    }

    public async Task<PartAnswer> Send(HttpMethod method, string path, string? body = null, string? ifMatch = null, string query = "")
    {
        var own = token is null ? $"tenant={tenant}" : "";
        using var request = new HttpRequestMessage(
            method, $"{url}/admin/configuration{path}?{string.Join('&', new[] { own, query }.Where(part => part.Length > 0))}".TrimEnd('?'));
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/yaml");
        request.Headers.ExpectContinue = body?.Length > 1024 * 1024;
        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        using var response = await _http.SendAsync(request);
        return new PartAnswer(
            (int)response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers.ETag?.ToString(),
            response.Content.Headers.ContentType?.MediaType);
    }

    public async Task<JsonElement> History() =>
        JsonDocument.Parse((await Send(HttpMethod.Get, "/history")).Text).RootElement;

    public async Task<JsonElement> Rollback(long version)
    {
        var answer = await Send(HttpMethod.Post, "/rollback", $"{{\"version\": {version}}}");
        Assert.True(answer.Status == 200, $"{answer.Status} {answer.Text}");
        return JsonDocument.Parse(answer.Text).RootElement;
    }

    public void Dispose() => _http.Dispose();
}

/// <summary>What came of a request.</summary>
internal sealed record PartAnswer(int Status, string Text, string? ETag, string? Type);
