using RegistryProxy.Configuration;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.Accounts;

/// <summary>
/// Names the account that an upstream counts our requests against: its address with the user, or with nobody. A credential that has no
/// user name is an account of its own, and so is one that a tenant defines: what comes of it is no other's. Holds no secret.
/// </summary>
public static class UpstreamAccountName
{
    public static string Of(UpstreamConfiguration upstream) => upstream.Credentials switch
    {
        _ when upstream.IsOfTenant => $"{HttpOrigin.Of(upstream.Url).Authority}|{upstream.Credentials.Type}|{upstream.Name}",
        AnonymousCredentials => $"{HttpOrigin.Of(upstream.Url).Authority}|anonymous",
        BasicCredentials basic => $"{HttpOrigin.Of(upstream.Url).Authority}|basic|{basic.Username}",
        var other => $"{HttpOrigin.Of(upstream.Url).Authority}|{other.Type}|{upstream.Name}",
    };
}
