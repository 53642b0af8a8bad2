using RegistryProxy.NodeAgent.Identity.Metadata;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.Identity;

/// <summary>The only place that names every way to prove an identity.</summary>
internal sealed class IdentityFactory(AgentSettings settings, TimeProvider time) : IDisposable
{
    private readonly MetadataService _aws = new("AWS", settings.Metadata.Aws);
    private readonly MetadataService _gcp = new("Google Cloud", settings.Metadata.Gcp);
    private readonly MetadataService _azure = new("Azure", settings.Metadata.Azure);

    public IIdentity Create(RegistrySettings registry, IdentitySettings identity) => identity.Kind switch
    {
        IdentityKind.AwsSts => new AwsStsIdentity(identity, new AwsMetadata(_aws), time),
        IdentityKind.AwsIid =>
            new AwsIidIdentity(
                identity, new AwsMetadata(_aws),
                new NonceFile(settings.StateDir, HttpOrigin.Of(registry.Url).Authority, identity.Authenticator, time)),
        IdentityKind.Gcp => new GcpIdentity(identity, _gcp),
        IdentityKind.Azure => new AzureIdentity(identity, _azure),
        IdentityKind.Kubernetes => new KubernetesIdentity(identity),
        IdentityKind.Password => new PasswordIdentity(identity),
        IdentityKind.Ci => new CiIdentity(identity),
        _ => new DeviceIdentity(time),
    };

    public void Dispose()
    {
        _aws.Dispose();
        _gcp.Dispose();
        _azure.Dispose();
    }
}
