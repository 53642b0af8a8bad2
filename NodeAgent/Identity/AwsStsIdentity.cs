using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using RegistryProxy.NodeAgent.Identity.Metadata;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.Identity;

/// <summary>
/// A presigned <c>sts:GetCallerIdentity</c> that is bound to the front door: signed with the identity role that every EC2 instance has, or
/// with the role of its instance profile.
/// </summary>
internal sealed class AwsStsIdentity(IdentitySettings settings, AwsMetadata metadata, TimeProvider time) : IIdentity
{
    private const string InstanceRole = "meta-data/identity-credentials/ec2/security-credentials/ec2-instance";
    private const string Profiles = "meta-data/iam/security-credentials/";

    public async Task<Outcome<RegistryCredential>> LogIn(RegistryTokenClient registry, CancellationToken cancellation)
    {
        var answer = await metadata.Get("meta-data/placement/region", cancellation);
        if (!answer.Succeeded(out var region, out var failure)
            || !(await Role(cancellation)).Succeeded(out var path, out failure)
            || !(await metadata.Get(path, cancellation)).Succeeded(out var reply, out failure))
        {
            return failure;
        }

        if (Keys(reply) is not { } keys)
        {
            return RegistryFailure.NoProof($"the metadata service of AWS has no keys under {path}");
        }

        var url = PresignedCallerIdentity.Sign(keys, region.Trim(), settings.Audience, time.GetUtcNow());
        var credential = new Secret(Base64Url.EncodeToString(Encoding.UTF8.GetBytes(url)));
        return await registry.OpenSession(Proof.Exchange(settings.Authenticator, credential), cancellation);
    }

    /// <summary>Where the keys are that sign.</summary>
    private async Task<Outcome<string>> Role(CancellationToken cancellation)
    {
        if (!settings.WithInstanceProfile)
        {
            return InstanceRole;
        }

        var profiles = await metadata.Get(Profiles, cancellation);
        return profiles.Succeeded(out var names, out var failure) ? Profiles + names.Split('\n')[0].Trim() : failure;
    }

    /// <summary>The keys of a reply; <c>null</c> when it has none.</summary>
    private static AwsKeys? Keys(string reply)
    {
        try
        {
            using var json = JsonDocument.Parse(reply);
            string Text(string name) => json.RootElement.GetProperty(name).GetString() ?? "";
            return new AwsKeys(Text("AccessKeyId"), new Secret(Text("SecretAccessKey")), new Secret(Text("Token")));
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }
}
