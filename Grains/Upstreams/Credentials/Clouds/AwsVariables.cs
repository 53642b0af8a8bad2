using Amazon.Runtime;

namespace RegistryProxy.Grains.Upstreams.Credentials.Clouds;

/// <summary>What the environment of this process says for AWS.</summary>
internal static class AwsVariables
{
    /// <summary>A variable; <c>null</c> where it is not set, or empty.</summary>
    public static string? Of(string name) => Environment.GetEnvironmentVariable(name)?.Trim() is { Length: > 0 } value ? value : null;

    /// <summary>The keys in variables; <c>null</c> for none.</summary>
    public static ImmutableCredentials? Keys() =>
        Of("AWS_ACCESS_KEY_ID") is { } id && (Of("AWS_SECRET_ACCESS_KEY") ?? Of("AWS_SECRET_KEY")) is { } secret
            ? new ImmutableCredentials(id, secret, Of("AWS_SESSION_TOKEN"))
            : null;
}
