using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace RegistryProxy.ServiceDefaults.Requests;

/// <summary>
/// A target is visible ASCII (RFC 9112 §3.2); Kestrel takes control characters, too. One in absolute form (RFC 9112 §3.2.2) becomes the one
/// in origin form, and its authority the host, whatever <c>Host</c> says: everything behind this knows one form. The scheme is the
/// connection's, for a load balancer may have ended TLS.
/// </summary>
internal static class RequestTarget
{
    private static readonly string[] Schemes = ["http://", "https://"];

    /// <summary>Rewrites the target if it needs to be. Why the request is refused; <c>null</c> when it is not.</summary>
    public static string? Resolve(HttpContext context)
    {
        var request = context.Features.GetRequiredFeature<IHttpRequestFeature>();
        if (request.RawTarget.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            return "the request target has characters that belong to none";
        }

        if (request.RawTarget is ['/', ..] || Array.Find(Schemes, Begins) is not { } scheme)
        {
            return null;
        }

        // Not as Uri has it, which reads a backslash as a slash and decodes what is escaped.
        var rest = request.RawTarget[scheme.Length..];
        var end = rest.AsSpan().IndexOfAny('/', '?', '#');
        var authority = end < 0 ? rest : rest[..end];
        if (!RequestHost.IsOne(authority))
        {
            return "the authority of the request target is no host with a port";
        }

        context.Request.Headers.Host = authority;
        request.RawTarget = end < 0 ? "/" : rest[end] == '/' ? rest[end..] : $"/{rest[end..]}";
        return null;

        bool Begins(string scheme) => request.RawTarget.StartsWith(scheme, StringComparison.OrdinalIgnoreCase);
    }
}
