using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>What an answer that is an error to clients was.</summary>
/// <param name="Status">Its status.</param>
/// <param name="IsOfAnother">Whether it came from where the upstream redirected to, which knows nothing of the upstream's
/// credentials.</param>
/// <param name="Scope">The scope of the token that a refusal asks for, empty when it leaves that open; <c>null</c> when it asks for
/// none.</param>
/// <param name="Length">How long it says that the content is to which a range was asked for, in bytes; <c>null</c> when it does
/// not.</param>
internal sealed record RefusedAnswer(int Status, bool IsOfAnother, string? Scope, long? Length)
{
    /// <summary>Whether it may say no more than that the range is not taken, or lies outside.</summary>
    public bool MayBeOfRange => Status is 400 or 405 or 416 or 501;

    /// <summary>Whether it says, to a HEAD, nothing of what a GET would bring.</summary>
    public bool IsNoWordOfGet => Status is 405 or 501 or (>= 200 and < 300) || (IsOfAnother && Status is (401 or 403));

    /// <summary>
    /// Whether it is a no to a HEAD that a GET may not get: there are registries that say 404 to each HEAD, or 401 or 403 with a good
    /// token, and servers that say whatever they say to a method which they do not know. That something took too long, or comes too
    /// often, is of no method.
    /// </summary>
    public bool IsDoubtful => Status is 500 or (>= 400 and < 500 and not (405 or 408 or 425 or 429));

    public static RefusedAnswer Of(Upstream upstream, HttpResponseMessage response) => new(
        (int)response.StatusCode, CameFromAnother(upstream, response), ScopeOf(response), LengthOf(response));

    public static bool CameFromAnother(Upstream upstream, HttpResponseMessage response) =>
        response.RequestMessage?.RequestUri is { } address && !upstream.IsOrigin(address);

    private static long? LengthOf(HttpResponseMessage response) =>
        response.Content.Headers.ContentRange is { HasRange: false, Length: { } length } ? length : null;

    private static string? ScopeOf(HttpResponseMessage response) =>
        response.Headers.NonValidated.TryGetValues("WWW-Authenticate", out var values)
        && values.SelectMany(Challenge.ParseAll).FirstOrDefault(challenge => challenge.IsBearer) is { } bearer
            ? bearer["scope"] ?? ""
            : null;
}
