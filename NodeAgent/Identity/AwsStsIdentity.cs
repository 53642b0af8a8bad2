using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using RegistryProxy.NodeAgent.Identity.Metadata;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.Identity;

/// <summary>
/// A presigned <c>sts:GetCallerIdentity</c> that is bound to the front door: signed with the identity role that every EC2 instance has, or with
/// the role of its instance profile.
/// </summary>
internal sealed class AwsStsIdentity(IdentitySettings settings, AwsMetadata metadata, TimeProvider time) : IIdentity
{
    private const string InstanceRole = "meta-data/identity-credentials/ec2/security-credentials/ec2-instance";
    private const string Profiles = "meta-data/iam/security-credentials/";

    public async Task<DoorCredential> LogIn(DoorClient door, CancellationToken cancellation)
    {
        var region = (await metadata.Get("meta-data/placement/region", cancellation)).Trim();
        var path = settings.WithInstanceProfile ? Profiles + (await metadata.Get(Profiles, cancellation)).Split('\n')[0].Trim() : InstanceRole;
        var keys = Keys(await metadata.Get(path, cancellation), path);
        var url = PresignedCallerIdentity.Sign(keys, region, settings.Audience, time.GetUtcNow());
        var credential = new Secret(Base64Url.EncodeToString(Encoding.UTF8.GetBytes(url)));
        return await door.OpenSession(Proof.Exchange(settings.Authenticator, credential), cancellation);
    }

    private static AwsKeys Keys(string reply, string path)
    {
        try
        {
            using var json = JsonDocument.Parse(reply);
            string Text(string name) => json.RootElement.GetProperty(name).GetString() ?? "";
            return new AwsKeys(Text("AccessKeyId"), new Secret(Text("SecretAccessKey")), new Secret(Text("Token")));
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new DoorException(DoorFailure.NoProof, $"the metadata service of AWS has no keys under {path}");
        }
    }
}
