using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains.Upstreams.Credentials.Clouds;
using RegistryProxy.Grains.Upstreams.Network;
using RegistryProxy.Grains.Upstreams.Secrets;

namespace RegistryProxy.Grains.Upstreams.Credentials;

/// <summary>
/// Where the secret of an upstream comes from: it lies somewhere and is read whenever it is asked for, or a principal is asked for it.
/// </summary>
/// <param name="clouds">How clouds are asked.</param>
/// <param name="networks">How upstreams are reached.</param>
/// <param name="time">The clock.</param>
/// <param name="secrets">Keeps what was read last; <c>null</c> in a trial, which is about what lies there now.</param>
internal sealed class CredentialSource(
    CloudTransport clouds, UpstreamNetworks networks, TimeProvider time, LastingSecrets? secrets = null)
{
    /// <summary>
    /// What opens an upstream: as it lies there now or, while that cannot be read, as it was when it last could be.
    /// </summary>
    /// <exception cref="SecretUnavailableException">It cannot be read, and never could be for this upstream as it is defined
    /// now.</exception>
    public SourcedCredential Read(UpstreamConfiguration upstream) => secrets is null ? ReadNow(upstream)
        : secrets.Read(LastingSecrets.OfUpstream(upstream.Name), PurposeOf(upstream), () => ReadNow(upstream));

    /// <summary>Either a secret or who issues one.</summary>
    /// <exception cref="SecretUnavailableException">The secret cannot be read.</exception>
    public (UpstreamSecret? Secret, ISecretIssuer? Issuer) Of(UpstreamConfiguration upstream) => upstream.Credentials switch
    {
        BasicCredentials basic => (UpstreamSecret.OfPassword(basic.Username, basic.Password.Read()), null),
        BearerCredentials bearer => (UpstreamSecret.OfIdentityToken(bearer.Token.Read()), null),
        BearerPasswordCredentials bearer =>
            (UpstreamSecret.OfPassword(bearer.Username, bearer.Password.Read()) with { PasswordGrant = true }, null),
        DockerConfigCredentials docker => OfDocker(docker, upstream.Url),
        ExecCredentials exec => (null,
            new HelperIssuer(exec.Command, exec.Server ?? DockerConfig.ServerOf(upstream.Url), exec.Lifetime, time)),
        EcrCredentials ecr => (null, new EcrIssuer(ecr, networks.Of(upstream), clouds, time)),
        GoogleCredentials google => (null, new GoogleIssuer(google, networks.Of(upstream), clouds, time)),
        AcrCredentials acr => (null, new AcrIssuer(acr, upstream.Url, networks.Of(upstream), clouds)),
        _ => (UpstreamSecret.None, null),
    };

    private (UpstreamSecret?, ISecretIssuer?) OfDocker(DockerConfigCredentials docker, Uri url) => DockerConfig.Read(docker, url) switch
    {
        { Helper: { } helper } entry => (null, new HelperIssuer(helper, entry.Server, ExecCredentials.DefaultLifetime, time)),
        { Secret: { } secret } => (secret, null),
        _ => throw new SecretUnavailableException(
            "the Docker configuration", $"{docker.Path} (for {docker.Server ?? url.IdnHost})", "has no entry for the registry")
            { IsWithdrawn = true },
    };

    private SourcedCredential ReadNow(UpstreamConfiguration upstream)
    {
        var (secret, issuer) = Of(upstream);
        return new SourcedCredential(secret, issuer, issuer?.ReadMaterial() ?? "");
    }

    private static (UpstreamCredentials, string) PurposeOf(UpstreamConfiguration upstream) => (upstream.Credentials, string.Join('\n', [
        upstream.Url.AbsoluteUri, upstream.AllowPrivate.ToString(), .. upstream.Realms.Select(realm => realm.AbsoluteUri),
    ]));
}

/// <summary>Either a secret or who issues one.</summary>
/// <param name="Secret">What opens the upstream itself.</param>
/// <param name="Issuer">Who is asked for a secret.</param>
/// <param name="Material">What the issuer shows for it; empty where there is nothing to edit.</param>
internal sealed record SourcedCredential(UpstreamSecret? Secret, ISecretIssuer? Issuer, string Material);
