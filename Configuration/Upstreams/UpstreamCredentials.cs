namespace RegistryProxy.Configuration;

/// <summary>How an upstream is opened.</summary>
public abstract record UpstreamCredentials
{
    /// <summary>The <c>type</c> in the file.</summary>
    public abstract string Type { get; }
}

/// <summary>No credentials; token endpoints are asked for anonymous tokens.</summary>
public sealed record AnonymousCredentials : UpstreamCredentials
{
    public override string Type => "anonymous";
}

/// <summary>A user name and a password, for Basic and for token exchange by GET.</summary>
public sealed record BasicCredentials(string Username, SecretSource Password) : UpstreamCredentials
{
    public override string Type => "basic";
}

/// <summary>An identity token that the upstream's token endpoint takes as a refresh token.</summary>
public sealed record BearerCredentials(SecretSource Token) : UpstreamCredentials
{
    public override string Type => "bearer";
}

/// <summary>A user name and a password that the upstream's token endpoint takes by POST; by GET where it knows no POST.</summary>
public sealed record BearerPasswordCredentials(string Username, SecretSource Password) : UpstreamCredentials
{
    public override string Type => "bearer";
}

/// <summary>An existing <c>config.json</c> of Docker, with the credential helpers that it names.</summary>
/// <param name="Path">Absolute; read again when it is used.</param>
/// <param name="Server">The entry to use; <c>null</c> for the one of the upstream's host.</param>
public sealed record DockerConfigCredentials(string Path, string? Server) : UpstreamCredentials
{
    public override string Type => "dockerConfig";
}

/// <summary>A Docker credential helper (docker-credential-helpers, <c>get</c>).</summary>
/// <param name="Command">The program, by its path or by its name on <c>PATH</c>.</param>
/// <param name="Server">What it is asked for; <c>null</c> for the upstream's host.</param>
/// <param name="Lifetime">How long its answer is used, from one minute to a day.</param>
public sealed record ExecCredentials(string Command, string? Server, TimeSpan Lifetime) : UpstreamCredentials
{
    public override string Type => "exec";

    public static TimeSpan DefaultLifetime { get; } = TimeSpan.FromHours(1);
}
