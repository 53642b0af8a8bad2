using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace RegistryProxy.ServiceDefaults.Requests;

/// <summary>
/// The host of a request as it was sent: a name or an address, and a port (RFC 9110 §7.2). Behind <see cref="RequestRules"/> it is one or
/// empty, so that addresses can be made of it. Not as ASP.NET has it, which decodes names of other letters and throws at those that it
/// cannot decode.
/// </summary>
public static class RequestHost
{
    /// <summary>A host name of 255 characters with its port.</summary>
    public const int MaxLength = 261;

    private static readonly SearchValues<char> Name =
        SearchValues.Create("-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~");

    private static readonly SearchValues<char> Address = SearchValues.Create(".0123456789:ABCDEFabcdef");

    /// <summary>Host and port; empty when the client named none.</summary>
    public static string Of(HttpRequest request) => request.Headers.Host.ToString();

    /// <summary>The host without its port.</summary>
    public static string NameOf(HttpRequest request) => NameIn(request).ToString();

    /// <summary>The same within the header as it was sent.</summary>
    public static ReadOnlySpan<char> NameIn(HttpRequest request)
    {
        var host = Of(request).AsSpan();
        return host[..EndOfName(host)];
    }

    /// <summary>Whether a name stands for the machine itself.</summary>
    /// <param name="name">Without port.</param>
    public static bool IsLoopback(string name) =>
        name.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(name.AsSpan().Trim("[]"), out var address) && IPAddress.IsLoopback(address));

    /// <summary>Why a request is refused; <c>null</c> when it is not.</summary>
    internal static string? Fault(HttpRequest request) => Of(request) switch
    {
        "" => null,
        { Length: > MaxLength } => $"the Host header is longer than {MaxLength} characters",
        var host when !IsOne(host) => "the Host header is no host with a port",
        _ => null,
    };

    /// <summary>Whether a text is a host, with a port or without.</summary>
    internal static bool IsOne(ReadOnlySpan<char> text)
    {
        var end = EndOfName(text);
        return IsName(text[..end]) && (end == text.Length || IsPort(text[(end + 1)..]));
    }

    private static int EndOfName(ReadOnlySpan<char> text) =>
        text.LastIndexOf(':') is >= 0 and var colon && colon > text.LastIndexOf(']') ? colon : text.Length;

    private static bool IsName(ReadOnlySpan<char> name) => name is ['[', .. var address, ']']
        ? !address.ContainsAnyExcept(Address) && IPAddress.TryParse(address, out var ip) && ip.AddressFamily == AddressFamily.InterNetworkV6
        : !name.IsEmpty && !name.ContainsAnyExcept(Name);

    private static bool IsPort(ReadOnlySpan<char> digits) =>
        digits.Length <= 5 && ushort.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out _);
}
