using RegistryProxy.Configuration;
using RegistryProxy.Grains.Upstreams.Credentials.Clouds;
using RegistryProxy.Grains.Upstreams.Network;
using RegistryProxy.Grains.Upstreams.Secrets;

namespace RegistryProxy.Grains.Upstreams.Credentials;

/// <summary>
/// Where the secret of an upstream comes from: it lies somewhere and is read whenever it is asked for, or a principal is asked for it.
/// </summary>
internal sealed class CredentialSource(CloudTransport clouds, UpstreamNetworks networks, TimeProvider time)
{
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
            "the Docker configuration", $"{docker.Path} (for {docker.Server ?? url.IdnHost})", "has no entry for the registry"),
    };
}
