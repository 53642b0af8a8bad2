using RegistryProxy.Configuration;
using RegistryProxy.Egress;
using RegistryProxy.Files;

namespace RegistryProxy.Grains.Identity.Issuers;

/// <summary>Projected service-account tokens of one cluster (Kubernetes, KEP-1205 and KEP-4193).</summary>
internal sealed class KubernetesAuthenticator(
    KubernetesConfiguration configuration, TimeProvider time, ServiceOutages.ServiceOutage? server)
    : ITokenAuthenticator, ITriable, IDisposable
{
    /// <summary>The claim that names one of several clusters.</summary>
    public const string ClusterClaim = "cluster";

    private const string Private = "kubernetes.io";

    private readonly string _prefix = PrefixOf(configuration);
    private readonly string _stamp = StampOf(configuration);
    private readonly IssuedTokenVerifier _verifier = new(
        configuration, () => new EgressSettings(configuration.AllowPrivate), time, server, IssuedTokenVerifier.AnySignature)
    {
        SubjectPrefix = PrefixOf(configuration),
    };

    /// <summary>
    /// What sessions of a cluster among several were opened by: they end when its name is given to another issuer. Empty for the only one.
    /// </summary>
    public static string StampOf(KubernetesConfiguration configuration) =>
        configuration.Cluster is null ? "" : ShortHash.Of(configuration.Issuer);

    public bool AsksNobody => true;

    /// <summary>Whether it is of this cluster: its name may have been given to another, or to one that is the only one.</summary>
    public bool Allows(VerifiedIdentity identity) =>
        identity.Claims.GetValueOrDefault(ClusterClaim) == configuration.Cluster && identity.CredentialStamp == _stamp
        && identity.Has(configuration.Require);

    public ValueTask<Verdict> Verify(PresentedCredential presented, CancellationToken cancellation) =>
        _verifier.Verify(presented.Text, Identify, cancellation);

    public ValueTask<Trial> Try(CancellationToken cancellation) => _verifier.Try(cancellation);

    public void Dispose() => _verifier.Dispose();

    private Verdict Identify(IssuedToken token)
    {
        var (space, account) = (token.Text(Private, "namespace"), token.Text(Private, "serviceaccount", "name"));
        if (space is null || account is null || token.Text("sub") != $"system:serviceaccount:{space}:{account}")
        {
            return Verdict.Refused("this is not a projected service-account token; tokens kept in secrets do not count");
        }

        var subject = $"{_prefix}system:serviceaccount:{space}:{account}";
        if (token.Misses(configuration.Require) is { } miss)
        {
            return Verdict.Misses(miss, configuration.Label, configuration.Name, subject);
        }

        Dictionary<string, string> claims = new() { ["namespace"] = space, ["serviceAccount"] = account };
        Add(claims, "pod", token.Text(Private, "pod", "name"));
        Add(claims, "node", token.Text(Private, "node", "name"));
        Add(claims, ClusterClaim, configuration.Cluster);
        return Verdict.Proved(new VerifiedIdentity(configuration.Name, subject, [], claims, _stamp, token.Expires)
        {
            Required = token.Beside(claims, configuration.Require.Keys),
        });
    }

    /// <summary>Accounts of one name in two clusters are two identities.</summary>
    private static string PrefixOf(KubernetesConfiguration configuration) => configuration.Cluster is { } cluster ? $"{cluster}/" : "";

    private static void Add(Dictionary<string, string> claims, string name, string? value)
    {
        if (value is not null)
        {
            claims[name] = value;
        }
    }
}
