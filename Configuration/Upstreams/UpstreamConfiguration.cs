namespace RegistryProxy.Configuration;

/// <summary>One upstream registry.</summary>
public sealed record UpstreamConfiguration
{
    /// <summary>Its name; that of what a tenant defines is <c>TENANT/NAME</c>.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// Whether a tenant defines it: nothing that it names is reached without its address being vetted, through a proxy either.
    /// </summary>
    public bool IsOfTenant { get; init; }

    /// <summary>Names what the file says of it with all secrets, and never leaves a silo; empty for what comes from no file.</summary>
    public string Stamp { get; init; } = "";

    /// <summary>Scheme and authority of the registry; no path.</summary>
    public required Uri Url { get; init; }

    /// <summary>Prefix for names of one component, <c>library</c> at Docker Hub; <c>null</c> for none.</summary>
    public string? OfficialPrefix { get; init; }

    public UpstreamCredentials Credentials { get; init; } = new AnonymousCredentials();

    /// <summary>Token endpoints that may receive this upstream's credentials, beside its own origin.</summary>
    public IReadOnlyList<Uri> Realms { get; init; } = [];

    /// <summary>Whether loopback and private addresses may be dialled. Link-local and metadata addresses never are.</summary>
    public bool AllowPrivate { get; init; }

    /// <summary>A private authority and a certificate of our own; <c>null</c> for none.</summary>
    public UpstreamTls? Tls { get; init; }

    /// <summary>The proxy on the way to it; <c>null</c> for that of <c>egress</c>.</summary>
    public ProxyConfiguration? Proxy { get; init; }

    public RedirectMode Redirects { get; init; } = RedirectMode.Follow;

    /// <summary>Host globs that redirects may lead to; empty means any public address (any address that may be dialled).</summary>
    public IReadOnlyList<string> RedirectHosts { get; init; } = [];

    /// <summary>
    /// Other upstreams, each of which lists this one too: what one of them sent may be served from the cache of a tenant on the word of
    /// another. Empty: each answers for its own bytes alone.
    /// </summary>
    public IReadOnlyList<string> SharesContentWith { get; init; } = [];
}

/// <summary>What to do with a redirect to blob storage.</summary>
public enum RedirectMode
{
    /// <summary>The gateway follows it and streams the bytes.</summary>
    Follow,

    /// <summary>The client gets the redirect.</summary>
    Pass,
}
