using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Secrets;

namespace RegistryProxy.Grains.Upstreams.Credentials;

/// <summary>What a Docker credential helper says of one server, for its lifetime.</summary>
internal sealed class HelperIssuer(string program, string server, TimeSpan lifetime, TimeProvider time) : ISecretIssuer
{
    public string Kind => "helper";

    public string Definition => $"{program}\n{server}\n{lifetime}";

    public string ReadMaterial() => "";

    public async Task<IssuedSecret> Issue(CancellationToken cancellation)
    {
        try
        {
            return new(await CredentialHelper.Get(program, server, time), time.GetUtcNow() + lifetime);
        }
        catch (SecretUnavailableException fault)
        {
            throw new IssueException(UpstreamFailureKind.Unreachable, fault.WithoutName) { Detail = fault.Message };
        }
    }
}
