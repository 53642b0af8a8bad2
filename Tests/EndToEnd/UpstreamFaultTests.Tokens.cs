using Microsoft.AspNetCore.Http;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Faults of token services: for all, and for what asks for a repository while they are well without one.</summary>
public sealed partial class UpstreamFaultTests
{
    private const string Denies = "RegistryProxyUpstreamDenies";

    /// <summary>The alert is about many.</summary>
    private const int RefusalsAtOnce = 10;

    private async Task ArrangeTokenServices()
    {
        Add("token-gone", await Recording(Token(404)), "", "token endpoint .* answered 404", "configuration", Refuses);
        Add("token-empty", await Recording(TokenService(context => context.Response.WriteAsync("{}"))), Basic, "sent no usable token",
            "configuration", Refuses);
        Add("token-moved", await Recording(TokenService(context =>
        {
            context.Response.Headers.Location = "https://elsewhere.example/token";
            return Answer(context, 302);
        })), Basic, "redirects to another host, which upstreams.*elsewhere.example", "configuration", Refuses);
        Add("token-scoped", await Recording(TokenService(context => Scoped(context, 500))), Basic, "token endpoint .* answered 500", "status");
        Add("token-forbids", await Recording(TokenService(context => Scoped(context, 403))), Basic,
            @"has been refusing requests .*gives these credentials no token for a repository \(403\)", "refused", Denies, state: "refused");
        Add("token-strangers", await Recording(Token(401)), "",
            @"has been refusing requests .*gives these credentials no token for a repository \(401\)", "refused", Denies, state: "refused");
    }

    /// <summary>A token service that is well as long as nobody asks for a repository.</summary>
    private static Task Scoped(HttpContext context, int status) => context.Request.Query["scope"].Count == 0
        ? context.Response.WriteAsync("""{"token":"t","expires_in":300}""") : Answer(context, status);

    /// <summary>A registry whose token service answers so.</summary>
    private static Func<HttpContext, Task> TokenService(Func<HttpContext, Task> answer) =>
        context => context.Request.Path == "/token" ? answer(context)
            : Asking($"Bearer realm=\"http://{context.Request.Host}/token\",service=\"x\"", 401)(context);
}
