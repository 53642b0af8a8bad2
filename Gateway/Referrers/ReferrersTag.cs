using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Referrers;

/// <summary>The tag under which registries without a referrers API have the list (OCI distribution-spec, "Referrers Tag Schema").</summary>
internal static class ReferrersTag
{
    /// <summary>What the specification leaves of a digest's hex, in characters.</summary>
    private const int Kept = 64;

    public static Tag Of(Digest subject) => Tag.Parse($"{subject.Algorithm}-{subject.Hex[..Kept]}");
}
