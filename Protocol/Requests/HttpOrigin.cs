using System.Diagnostics.CodeAnalysis;

namespace RegistryProxy.Protocol;

/// <summary>Scheme, host and port of a server (RFC 9110 §4.3.1). An address on it is made here and nowhere else.</summary>
public sealed record HttpOrigin
{
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

    /// <summary>Whether a host, with or without a port, as somebody writes it, is the server of this origin.</summary>
    public bool IsNamed(string authority) =>
        Uri.TryCreate($"{Scheme}://{authority}", UriKind.Absolute, out var address) && address is { PathAndQuery: "/", Fragment: "" }
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

#pragma warning disable RS0030 // An IPv6 address has its brackets there.
    private static string HostOf(Uri address) =>
        address.HostNameType == UriHostNameType.IPv6 ? address.Host : address.IdnHost.ToLowerInvariant();
#pragma warning restore RS0030
}
