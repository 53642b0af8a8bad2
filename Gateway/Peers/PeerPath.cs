using System.Diagnostics.CodeAnalysis;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Peers;

/// <summary>The one thing that a peer listener serves: <c>/peer/v1/blobs/DIGEST</c>.</summary>
internal static class PeerPath
{
    private const string Prefix = "/peer/v1/blobs/";

    public static OriginForm Of(Digest digest) => OriginForm.Of(Prefix + digest.Value);

    public static bool TryParse(string target, [NotNullWhen(true)] out Digest? digest)
    {
        digest = null;
        return target.StartsWith(Prefix, StringComparison.Ordinal) && Digest.TryParse(target.AsSpan(Prefix.Length), out digest);
    }
}
