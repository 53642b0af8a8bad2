using Amazon.Runtime.CredentialManagement;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Secrets;

namespace RegistryProxy.Grains.Upstreams.Credentials.Clouds;

/// <summary>The profile of AWS' shared files that the environment names, or the one that is called <c>default</c>.</summary>
internal sealed class AwsProfiles
{
    /// <summary>The most roles that profiles assume one with the keys of the other.</summary>
    private const int MaxRoles = 8;

    private readonly CredentialProfileStoreChain _files = new();

    /// <summary>The profile, and the roles that are assumed one after the other with its keys; <c>null</c> where there is none.</summary>
    public (CredentialProfile Profile, IReadOnlyList<AwsRole> Roles)? Find(string? name)
    {
        List<AwsRole> roles = [];
        for (var next = name?.Trim() is { Length: > 0 } named ? named : "default"; _files.TryGetProfile(next, out var profile);)
        {
            if (profile.Options is not { RoleArn: { Length: > 0 } arn, WebIdentityTokenFile: null or "" } options)
            {
                return profile.CanCreateAWSCredentials || roles.Count > 0 ? (profile, roles) : null;
            }

            roles.Insert(0, RoleOf(arn, options));
            if (options.CredentialSource is { Length: > 0 } || options.SourceProfile is not { Length: > 0 } source)
            {
                return (profile, roles);
            }

            if (roles.Count > MaxRoles)
            {
                break;
            }

            next = source;
        }

        return roles.Count == 0 ? null : throw new IssueException(
            UpstreamFailureKind.Misconfigured, "a profile of AWS names a source_profile that is not there, or goes round in circles");
    }

    public static AwsRole RoleOf(string arn, CredentialProfileOptions options) => new(
        arn, options.ExternalID, options.RoleSessionName is { Length: > 0 } name ? name : AwsRole.DefaultSessionName);
}
