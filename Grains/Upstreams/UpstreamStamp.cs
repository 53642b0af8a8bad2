using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Configuration;

namespace RegistryProxy.Grains.Upstreams;

/// <summary>Tells one definition of an upstream, with its secret, from another; without the key it says nothing of the secret.</summary>
internal sealed class UpstreamStamp(byte[] key)
{
    public string Of(UpstreamConfiguration upstream, string material) => Convert.ToHexStringLower(HMACSHA256.HashData(
        key,
        Encoding.UTF8.GetBytes(string.Join('\n', [
            upstream.Url.AbsoluteUri, upstream.Credentials.Type, material, upstream.AllowPrivate.ToString(),
            .. upstream.Realms.Select(realm => realm.AbsoluteUri),
        ]))));
}
