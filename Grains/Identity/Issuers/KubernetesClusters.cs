using RegistryProxy.Configuration;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Identity.Issuers;

/// <summary>
/// Projected service-account tokens of several clusters. A token finds its cluster by its issuer, and nothing is asked, waited for or
/// counted of the others.
/// </summary>
/// <param name="configuration">The clusters.</param>
/// <param name="find">What verifies the tokens of a cluster; <c>null</c> when its files were never good.</param>
internal sealed class KubernetesClusters(KubernetesClustersConfiguration configuration, Func<string, ITokenAuthenticator?> find)
    : ITokenAuthenticator
{
    private readonly Dictionary<string, string> _byIssuer =
        configuration.Clusters.ToDictionary(cluster => cluster.Value.Issuer, cluster => cluster.Key);

    public bool AsksNobody => true;

    /// <summary>Whether the cluster is still one of these, has the issuer that the session was opened by, and requires no more.</summary>
    public bool Allows(VerifiedIdentity identity) =>
        identity.Claims.TryGetValue(KubernetesAuthenticator.ClusterClaim, out var name)
        && configuration.Clusters.TryGetValue(name, out var cluster)
        && (identity.CredentialStamp.Length == 0 || identity.CredentialStamp == KubernetesAuthenticator.StampOf(cluster))
        && identity.Has(cluster.Require);

    public string PartOf(Secret text) =>
        IssuedTokenVerifier.IssuerOf(text) is { } issuer ? _byIssuer.GetValueOrDefault(issuer, "") : "";

    public ValueTask<Verdict> Verify(PresentedCredential presented, CancellationToken cancellation) =>
        IssuedTokenVerifier.IssuerOf(presented.Text) is not { } issuer ? new(IssuedTokenVerifier.NoToken)
        : !_byIssuer.TryGetValue(issuer, out var cluster) ? new(IssuedTokenVerifier.WrongIssuer)
        : find(cluster) is not { } authenticator
            ? new(Verdict.Unavailable($"the keys of '{configuration.Name}/{cluster}' cannot be read now"))
        : authenticator.Verify(presented, cancellation);
}
