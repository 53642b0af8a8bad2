using System.Diagnostics.CodeAnalysis;

namespace RegistryProxy.Protocol;

/// <summary>Scheme, host and port of a server (RFC 9110 §4.3.1). An address on it is made here and nowhere else.</summary>
public sealed record HttpOrigin
{
    private static readonly UriCreationOptions Verbatim = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private readonly string _text;

    private HttpOrigin(string scheme, string host, int port) =>
        (Scheme, Host, Port, _text) = (scheme, host, port, $"{scheme}://{host}:{port}");

    /// <summary><c>http</c> or <c>https</c>.</summary>
    public string Scheme { get; }

    /// <summary>The host in lower case, an international name in its ASCII form, an IPv6 address in brackets.</summary>
    public string Host { get; }

    public int Port { get; }

    /// <summary>The origin of an absolute address.</summary>
    /// <exception cref="ArgumentException">The address is not of http or https, or has user info.</exception>
    public static HttpOrigin Of(Uri address) =>
        TryGet(address, out var origin) ? origin : throw new ArgumentException("not an http or https address without user info");

    /// <summary>The origin of an address; <c>false</c> when it is not absolute, not of http or https, or has user info.</summary>
    public static bool TryGet(Uri address, [NotNullWhen(true)] out HttpOrigin? origin)
    {
        origin = address.IsAbsoluteUri && address.Scheme is "http" or "https" && address.UserInfo.Length == 0 && address.IdnHost.Length > 0
            ? new HttpOrigin(address.Scheme, HostOf(address), address.Port)
            : null;
        return origin is not null;
    }

    /// <summary>Whether an absolute address is on this origin, without user info.</summary>
    public bool Owns(Uri address) =>
        address.IsAbsoluteUri
        && address.Scheme == Scheme
        && address.Port == Port
        && address.UserInfo.Length == 0
        && HostOf(address).Equals(Host, StringComparison.OrdinalIgnoreCase);

    /// <summary>An address on this origin, its path and query byte for byte.</summary>
    public Uri At(OriginForm target) => At(target.Text);

    public override string ToString() => _text;

    /// <param name="pathAndQuery">Begins with a slash, as <see cref="OriginForm.TryClean"/> left it.</param>
    internal Uri At(string pathAndQuery)
    {
        var address = new Uri(_text + pathAndQuery, Verbatim);
        return Owns(address) ? address : throw new FormatException("not an address on this origin");
    }

    private static string HostOf(Uri address) =>
        address.HostNameType == UriHostNameType.IPv6 ? address.Host : address.IdnHost.ToLowerInvariant();
}
