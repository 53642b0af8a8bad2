namespace RegistryProxy.Protocol;

/// <summary>
/// How clients and browsers write an origin (RFC 6454 §6.2): a name of other letters as DNS has it, and no port that is usual.
/// </summary>
public static class AsciiOrigin
{
    /// <summary>The origin of an absolute address.</summary>
    public static string Of(Uri address) => $"{address.Scheme}://{AuthorityOf(address)}";

    private static string AuthorityOf(Uri address)
    {
        var host = address.HostNameType == UriHostNameType.IPv6 ? address.Host : address.IdnHost.ToLowerInvariant();
        return address.IsDefaultPort ? host : $"{host}:{address.Port}";
    }
}
