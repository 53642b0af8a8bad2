using RegistryProxy.Configuration;

namespace RegistryProxy.Grains.Upstreams.Credentials.Clouds;

/// <summary>The role of a Kubernetes service account, as EKS gives it to a pod by environment variables.</summary>
internal sealed record AwsWebIdentity(AwsRole Role, string TokenFile)
{
    public static AwsWebIdentity? OfEnvironment() =>
        Environment.GetEnvironmentVariable("AWS_ROLE_ARN") is { Length: > 0 } role
        && Environment.GetEnvironmentVariable("AWS_WEB_IDENTITY_TOKEN_FILE") is { Length: > 0 } file
            ? new(new AwsRole(role, null,
                Environment.GetEnvironmentVariable("AWS_ROLE_SESSION_NAME") is { Length: > 0 } name ? name
                    : AwsRole.DefaultSessionName), file)
            : null;
}
