using Microsoft.AspNetCore.Http;

namespace RegistryProxy.Tests.Support.Browser;

/// <summary>The part of a managed tenant of <see cref="SeededSilo"/>.</summary>
internal static class SeededPart
{
    public static Task Text(HttpContext context, string odd)
    {
        context.Response.Headers.ETag = "\"12\"";
        var version = context.Request.Query["version"].ToString();
        return context.Response.WriteAsync(
            $$"""
            authenticators: [staff]
            routes: [{ prefix: "", upstream: hub }]
            access:
              - { name: all{{version}}, who: ["{{odd}}"] }
            """);
    }

    public static Task History(HttpContext context, DateTimeOffset now, string odd) => context.Response.WriteAsJsonAsync(new
    {
        versions = Enumerable.Range(1, 12).Reverse().Select(i => new
        {
            version = i, eTag = $"\"{i}\"", at = now - TimeSpan.FromDays(i), by = $"corp/{odd}", change = $"access['all'].who[0]: {odd}",
        }),
        errors = new[] { new { line = 3, field = "routes[0].upstream", message = $"'{odd}' is not defined" } },
    });
}
