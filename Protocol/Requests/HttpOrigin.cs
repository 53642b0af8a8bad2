using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace RegistryProxy.Protocol;

/// <summary>Scheme, host and port of a server (RFC 9110 §4.3.1). An address on it is made here and nowhere else.</summary>
public sealed record HttpOrigin
{
    /// <summary>The characters of a host name of 255 characters with its port: what is longer names no server.</summary>
    private const int MaxAuthority = 261;

    private static readonly UriCreationOptions Verbatim = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private readonly string _text;
    private readonly int _hash;

    private HttpOrigin(string scheme, string host, int port) =>
        (Scheme, Host, Port, _text, _hash) = (scheme, host, port, $"{scheme}://{host}:{port}", HashCode.Combine(scheme, host, port));

    /// <summary><c>http</c> or <c>https</c>.</summary>
    public string Scheme { get; }

    /// <summary>The host in lower case, an international name in its ASCII form, an IPv6 address in brackets.</summary>
    public string Host { get; }

    public int Port { get; }

    /// <summary>The host, and the port where it is not the one of the scheme, as clients and browsers write it.</summary>
    public string Authority => (Scheme, Port) is ("http", 80) or ("https", 443) ? Host : $"{Host}:{Port}";

    /// <summary>As browsers and configurations write it (RFC 6454 §6.2): without a port that is usual.</summary>
    public string Serialized => $"{Scheme}://{Authority}";

    /// <summary>The origin of an absolute address.</summary>
    /// <exception cref="ArgumentException">The address is not of http or https, or has user info.</exception>
    public static HttpOrigin Of(Uri address) =>
        TryGet(address, out var origin) ? origin : throw new ArgumentException("not an http or https address without user info");

    /// <summary>The origin of an address; <c>false</c> when it is not absolute, not of http or https, or has user info.</summary>
    public static bool TryGet(Uri address, [NotNullWhen(true)] out HttpOrigin? origin)
    {
        origin = address.IsAbsoluteUri && address.Scheme is "http" or "https" && address.UserInfo.Length == 0
            && TryGetHost(address, out var host) ? new HttpOrigin(address.Scheme, host, address.Port) : null;
        return origin is not null;
    }

    /// <summary>Whether an absolute address is on this origin, without user info.</summary>
    public bool Owns(Uri address) =>
        address.IsAbsoluteUri
        && address.Scheme == Scheme
        && address.Port == Port
        && address.UserInfo.Length == 0
        && TryGetHost(address, out var host)
        && host.Equals(Host, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a host, with or without a port, as somebody writes it, is the server of this origin.</summary>
    public bool IsNamed(string authority) =>
        authority.Length <= MaxAuthority
        && Uri.TryCreate($"{Scheme}://{authority}", UriKind.Absolute, out var address) && address is { PathAndQuery: "/", Fragment: "" }
        && Owns(address);

    /// <summary>An address on this origin, its path and query byte for byte.</summary>
    public Uri At(OriginForm target) => At(target.Text);

    public bool Equals(HttpOrigin? other) => other is not null && (ReferenceEquals(this, other) || _text == other._text);

    public override int GetHashCode() => _hash;

    public override string ToString() => _text;

    /// <param name="pathAndQuery">Begins with a slash, as <see cref="OriginForm.TryClean"/> left it.</param>
    internal Uri At(string pathAndQuery)
    {
        var address = new Uri(_text + pathAndQuery, Verbatim);
        return Owns(address) ? address : throw new FormatException("not an address on this origin");
    }

    /// <summary>
    /// The host of an absolute address in lower case and ASCII, an IPv6 address in brackets; <c>false</c> when it has none, or one of
    /// letters that no name has: an address may be made of those all the same, and throws when it is asked for its host.
    /// </summary>
    public static bool TryGetHost(Uri address, [NotNullWhen(true)] out string? host)
    {
        try
        {
#pragma warning disable RS0030 // An IPv6 address has its brackets there.
            host = address.HostNameType == UriHostNameType.IPv6 ? address.Host : address.IdnHost.ToLowerInvariant();
#pragma warning restore RS0030
        }
        catch (Exception fault) when (fault is UriFormatException or ArgumentException)
        {
            host = null;
            return false;
        }

        return host.Length > 0 && Ascii.IsValid(host);
    }
}
