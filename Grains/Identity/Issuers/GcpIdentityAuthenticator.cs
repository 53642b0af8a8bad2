using RegistryProxy.Configuration;
using RegistryProxy.Egress;

namespace RegistryProxy.Grains.Identity.Issuers;

/// <summary>
/// Identity tokens of Compute Engine's metadata server, in the full format. Google signs every ID token with the same keys, so a token
/// counts only with the claims of an instance.
/// </summary>
internal sealed class GcpIdentityAuthenticator(
    GcpIdentityConfiguration configuration, Func<EgressSettings> network, TimeProvider time, ServiceOutages.ServiceOutage? server)
    : ITokenAuthenticator, ITriable, IDisposable
{
    private static readonly string[] Engine = ["google", "compute_engine"];

    private readonly IssuedTokenVerifier _verifier = new(configuration, network, time, server, "RS256");

    public bool AsksNobody => true;

    public bool Allows(VerifiedIdentity identity) => configuration.Projects.Contains(identity.Claims.GetValueOrDefault("projectId", ""));

    public ValueTask<Verdict> Verify(PresentedCredential presented, CancellationToken cancellation) =>
        _verifier.Verify(presented.Text, Identify, cancellation);

    public ValueTask<Trial> Try(CancellationToken cancellation) => _verifier.Try(cancellation);

    public void Dispose() => _verifier.Dispose();

    private Verdict Identify(IssuedToken token)
    {
        if (!token.HasObject(Engine) || token.Text([.. Engine, "instance_id"]) is not { Length: > 0 } instance)
        {
            return Verdict.Refused("the token is not one of an instance; ask the metadata server for format=full");
        }

        Dictionary<string, string> claims = [];
        foreach (var (claim, member) in new[]
        {
            ("projectId", "project_id"), ("projectNumber", "project_number"), ("zone", "zone"), ("instanceId", "instance_id"),
            ("instanceName", "instance_name"),
        })
        {
            if (token.Text([.. Engine, member]) is { } value)
            {
                claims[claim] = value;
            }
        }

        if (token.Text("email") is { } email && !token.IsUnproved("email"))
        {
            claims["email"] = email;
        }

        var identity = new VerifiedIdentity(configuration.Name, instance, [], claims, "", token.Expires);
        return Allows(identity) ? Verdict.Proved(identity)
            : Verdict.Refused($"the project of this instance is not one of '{configuration.Name}'", configuration.Name, instance);
    }
}
