using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Grains.Upstreams.Secrets;

namespace RegistryProxy.Grains.Upstreams.Principals;

/// <summary>The grain key of a principal.</summary>
internal static class PrincipalKey
{
    public static string Of(ISecretIssuer issuer) =>
        $"{issuer.Kind}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(issuer.Definition)).AsSpan(0, 16))}";
}
