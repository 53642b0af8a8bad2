using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Support.Clouds;

/// <summary>
/// The token server of Docker Hub: GET with Basic or without, on an origin of its own, with <c>expires_in</c> and <c>issued_at</c>; its
/// tokens open a real docker-registry.
/// </summary>
internal sealed class HubAuth : IAsyncDisposable
{
    public const string Service = "registry.docker.io";
    public const string User = "hub-user";
    public const string Password = "hub-canary-password";

    private readonly DistributionSigner _signer = new();
    private RecordingUpstream _server = null!;

    public string Realm => $"{_server.Url}/token";

    public DockerRegistry Registry { get; private set; } = null!;

    /// <summary>Who asked (<c>anonymous</c>, the user, or <c>refused</c>), and for what.</summary>
    public ConcurrentQueue<(string By, string Scope)> Calls { get; } = new();

    /// <summary>Every Authorization header that came.</summary>
    public IEnumerable<string> Seen => _server.Requests.Select(request => request.Headers.GetValueOrDefault("Authorization", ""));

    public static async Task<HubAuth> Start()
    {
        var hub = new HubAuth();
        hub._server = await RecordingUpstream.Start(hub.Serve);
        hub.Registry = await DockerRegistry.Start((folder, _) => Task.FromResult(
            $"auth: {{ token: {{ realm: \"{hub.Realm}\", service: {Service}, issuer: {DistributionSigner.Issuer}, " +
            $"rootcertbundle: {folder.Write("trusted.pem", hub._signer.Trusted)} }} }}"));
        return hub;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await Registry.DisposeAsync();
        _signer.Dispose();
    }

    private Task Serve(HttpContext context)
    {
        if (context.Request.Path != "/token" || context.Request.Method != "GET" || context.Request.Query["service"] != Service)
        {
            context.Response.StatusCode = context.Request.Path == "/token" ? 405 : 404;
            return Task.CompletedTask;
        }

        var authorization = context.Request.Headers.Authorization.ToString();
        var expected = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}"));
        var caller = authorization.Length == 0 ? "anonymous" : authorization == expected ? User : "refused";
        var scopes = context.Request.Query["scope"].Select(scope => scope ?? "").ToList();
        Calls.Enqueue((caller, string.Join(' ', scopes)));
        context.Response.ContentType = "application/json";
        if (caller == "refused")
        {
            context.Response.StatusCode = 401;
            return context.Response.WriteAsync("""{"details":"incorrect username or password"}""");
        }

        var granted = caller == User ? scopes : scopes.Select(scope => scope.Contains("private/") ? "" : scope);
        var token = _signer.Sign(Service, granted, DateTimeOffset.UtcNow.AddMinutes(5));
        return context.Response.WriteAsync(JsonSerializer.Serialize(new
        {
            token, access_token = token, expires_in = 300, issued_at = DateTimeOffset.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.fffZ"),
        }));
    }
}
