using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Network;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>The front of a registry with token authentication on one origin; counts its token calls and answers as the test says.</summary>
internal sealed class TokenRegistry : IAsyncDisposable
{
    private RecordingUpstream _server = null!;
    private int _calls;

    public string Url => _server.Url;

    /// <summary>Token calls so far.</summary>
    public int Calls => _calls;

    /// <summary>Pings so far.</summary>
    public int Pings => _server.Requests.Count(request => request.Target == "/v2/");

    /// <summary>Where the challenge points; its own origin when <c>null</c>.</summary>
    public string? Realm { get; set; }

    /// <summary>What it answers to a ping; a challenge when <c>null</c>.</summary>
    public int? PingStatus { get; set; }

    /// <summary>What the token endpoint answers; a token that lives five minutes when not set.</summary>
    public Func<HttpContext, int, Task> Answer { get; set; } =
        (context, call) => context.Response.WriteAsync($$"""{"token":"t{{call}}","expires_in":300}""");

    public static async Task<TokenRegistry> Start()
    {
        var registry = new TokenRegistry();
        registry._server = await RecordingUpstream.Start(registry.Serve);
        return registry;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private Task Serve(HttpContext context)
    {
        if (context.Request.Path == "/token")
        {
            return Answer(context, Interlocked.Increment(ref _calls));
        }

        context.Response.StatusCode = PingStatus ?? 401;
        if (PingStatus is not null)
        {
            return Task.CompletedTask;
        }

        context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"{Realm ?? $"{Url}/token"}\",service=\"here\"";
        return Task.CompletedTask;
    }
}
