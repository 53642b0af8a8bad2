using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Support.Clouds;

/// <summary>
/// The token part of an Azure container registry, in front of a real docker-registry that trusts its tokens: exchange of Entra tokens for
/// refresh tokens, of these for access tokens that come without <c>expires_in</c>.
/// </summary>
internal sealed class AzureRegistry : IAsyncDisposable
{
    private readonly DistributionSigner _signer = new();
    private readonly ConcurrentDictionary<string, DateTimeOffset> _refresh = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private RecordingUpstream _front = null!;
    private DockerRegistry _registry = null!;

    public string Url => _front.Url;

    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>Calls so far: <c>exchange</c>, <c>token SCOPE</c>.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    public int Exchanges => Calls.Count(call => call == "exchange");

    public int? Away { get; set; }

    public static async Task<AzureRegistry> Start()
    {
        var azure = new AzureRegistry();
        azure._front = await RecordingUpstream.Start(azure.Serve);
        azure._registry = await DockerRegistry.Start((folder, _) => Task.FromResult(
            $"auth: {{ token: {{ realm: \"{azure.Url}/oauth2/token\", service: \"{new Uri(azure.Url).Authority}\", " +
            $"issuer: {DistributionSigner.Issuer}, rootcertbundle: {folder.Write("trusted.pem", azure._signer.Trusted)} }} }}"));
        return azure;
    }

    /// <summary>What the real registry says to an Authorization header for a repository.</summary>
    public async Task<int> StatusOf(string repository, RegistryProxy.Protocol.Secret? authorization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{_registry.Url}/v2/{repository}/tags/list");
        request.Headers.TryAddWithoutValidation("Authorization", authorization?.Reveal());
        using var response = await _http.SendAsync(request);
        return (int)response.StatusCode;
    }

    public async ValueTask DisposeAsync()
    {
        await _front.DisposeAsync();
        await _registry.DisposeAsync();
        _http.Dispose();
        _signer.Dispose();
    }

    private async Task Serve(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (!path.StartsWith("/oauth2/", StringComparison.Ordinal))
        {
            await Relay(context);
            return;
        }

        var form = await context.Request.ReadFormAsync();
        var service = new Uri(Url).Authority;
        Calls.Enqueue(path == "/oauth2/exchange" ? "exchange" : $"token {form["scope"]}");
        context.Response.ContentType = "application/json";
        object? answer = path switch
        {
            _ when Away is not null || context.Request.Method != "POST" || form["service"] != service => null,
            "/oauth2/exchange" when form["grant_type"] == "access_token" && form["access_token"] == AzureCloud.EntraToken =>
                new { refresh_token = Refresh(service) },
            "/oauth2/token" when form["grant_type"] == "refresh_token"
                && _refresh.TryGetValue(form["refresh_token"].ToString(), out var until) && Time.GetUtcNow() < until =>
                new { access_token = _signer.Sign(service, form["scope"].ToString().Split(' '), Time.GetUtcNow().AddMinutes(75)) },
            _ => null,
        };
        context.Response.StatusCode = answer is null ? Away ?? 401 : 200;
        await context.Response.WriteAsync(
            answer is null ? """{"errors":[{"code":"UNAUTHORIZED","message":"canary words of ACR"}]}""" : JsonSerializer.Serialize(answer));
    }

    private string Refresh(string service)
    {
        var until = Time.GetUtcNow().AddHours(3);
        var token = _signer.Sign(service, [], until);
        _refresh[token] = until;
        return token;
    }

    private async Task Relay(HttpContext context)
    {
        using var request = new HttpRequestMessage(
            new HttpMethod(context.Request.Method), _registry.Url + context.Features.Get<IHttpRequestFeature>()!.RawTarget);
        foreach (var (name, values) in context.Request.Headers.Where(header => header.Key is "Authorization" or "Accept"))
        {
            request.Headers.TryAddWithoutValidation(name, [.. values]);
        }

        using var response = await _http.SendAsync(request);
        context.Response.StatusCode = (int)response.StatusCode;
        foreach (var challenge in response.Headers.WwwAuthenticate)
        {
            context.Response.Headers.Append("WWW-Authenticate", challenge.ToString());
        }

        context.Response.ContentType = response.Content.Headers.ContentType?.ToString();
        if (context.Request.Method != "HEAD")
        {
            await response.Content.CopyToAsync(context.Response.Body);
        }
    }
}
