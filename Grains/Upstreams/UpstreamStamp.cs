using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Configuration;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams;

/// <summary>Tells one definition of an upstream, with its secret, from another; says nothing of the secret itself.</summary>
internal static class UpstreamStamp
{
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);

    public static string Of(UpstreamConfiguration upstream, string username, Secret? secret) => Convert.ToHexStringLower(HMACSHA256.HashData(
        Key,
        Encoding.UTF8.GetBytes(string.Join('\n', [
            upstream.Url.AbsoluteUri, upstream.Credentials.Type, username, secret?.Reveal() ?? "", upstream.AllowPrivate.ToString(),
            .. upstream.Realms.Select(realm => realm.AbsoluteUri),
        ]))));
}
