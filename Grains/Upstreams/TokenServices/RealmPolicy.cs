using RegistryProxy.Configuration;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.TokenServices;

/// <summary>
/// Where an upstream's credentials may go, by default nowhere: 1. the realm is an absolute http or https address without user info,
/// fragment or unusual characters; 2. it is https, unless the upstream itself is http and may be private; 3. it is on the upstream's own
/// origin, or 4. it is one of the upstream's configured realms, or 5. one that belongs to a well-known registry.
/// </summary>
internal static class RealmPolicy
{
    /// <summary>The realm to ask; <c>null</c> when it is not allowed.</summary>
    public static Uri? Check(UpstreamConfiguration upstream, string? text)
    {
        // 1.
        if (text is null || text.Length > 2048 || text.AsSpan().ContainsAny("\\@# ") || text.Any(c => c is < ' ' or > '~')
            || !Uri.TryCreate(text, UriKind.Absolute, out var realm) || realm.Scheme is not ("http" or "https")
            || !HttpOrigin.TryGet(realm, out _) || !OriginForm.TryParse(realm.PathAndQuery, out _))
        {
            return null;
        }

        // 2.
        if (realm.Scheme == Uri.UriSchemeHttp && !(upstream.Url.Scheme == Uri.UriSchemeHttp && upstream.AllowPrivate))
        {
            return null;
        }

        // 3. to 5.
        return SameOrigin(realm, upstream.Url)
            || upstream.Realms.Any(allowed => SameEndpoint(realm, allowed))
            || UpstreamPreset.RealmsOf(upstream.Url).Any(known => SameEndpoint(realm, known))
                ? realm
                : null;
    }

    private static bool SameOrigin(Uri one, Uri other) => HttpOrigin.TryGet(other, out var origin) && origin.Owns(one);

    private static bool SameEndpoint(Uri one, Uri other) => SameOrigin(one, other) && one.AbsolutePath == other.AbsolutePath;
}
