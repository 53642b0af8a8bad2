using RegistryProxy.Configuration;
using RegistryProxy.Egress;

namespace RegistryProxy.Grains.Identity.Issuers;

/// <summary>Projected service-account tokens of one cluster (Kubernetes, KEP-1205 and KEP-4193).</summary>
internal sealed class KubernetesAuthenticator(KubernetesConfiguration configuration, TimeProvider time) : ITokenAuthenticator, IDisposable
{
    private const string Private = "kubernetes.io";

    private readonly IssuedTokenVerifier _verifier = new(
        configuration, () => new EgressSettings(configuration.AllowPrivate), time, IssuedTokenVerifier.AnySignature);

    public bool Allows(VerifiedIdentity identity) => true;

    public ValueTask<Verdict> Verify(PresentedCredential presented, CancellationToken cancellation) =>
        _verifier.Verify(presented.Text, Identify, cancellation);

    public void Dispose() => _verifier.Dispose();

    private Verdict Identify(IssuedToken token)
    {
        var (space, account) = (token.Text(Private, "namespace"), token.Text(Private, "serviceaccount", "name"));
        if (space is null || account is null || token.Text("sub") != $"system:serviceaccount:{space}:{account}")
        {
            return Verdict.Refused("this is not a projected service-account token; tokens kept in secrets do not count");
        }

        if (token.Misses(configuration.Require) is { } miss)
        {
            return Verdict.Refused($"the token does not have the claims that '{configuration.Name}' requires: {miss}", configuration.Name,
                token.Text("sub"));
        }

        Dictionary<string, string> claims = new() { ["namespace"] = space, ["serviceAccount"] = account };
        Add(claims, "pod", token.Text(Private, "pod", "name"));
        Add(claims, "node", token.Text(Private, "node", "name"));
        return Verdict.Proved(new VerifiedIdentity(
            configuration.Name, $"system:serviceaccount:{space}:{account}", [], claims, "", token.Expires));
    }

    private static void Add(Dictionary<string, string> claims, string name, string? value)
    {
        if (value is not null)
        {
            claims[name] = value;
        }
    }
}
