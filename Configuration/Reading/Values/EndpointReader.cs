using System.Net;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Values;

/// <summary>Addresses that an authenticator trusts: https, or http on loopback with <c>allowPrivate: true</c>.</summary>
internal static class EndpointReader
{
    /// <summary>The address; <c>null</c> when there is none.</summary>
    public static Uri? Optional(Field field, bool allowPrivate) => field.IsPresent ? Required(field, allowPrivate) : null;

    public static Uri? Required(Field field, bool allowPrivate)
    {
        var address = field.Address();
        if (address is { Scheme: "http" } && !(allowPrivate && IsLoopback(address)))
        {
            field.Fail("must be https://, or http:// on loopback with allowPrivate: true");
        }

        return address;
    }

    /// <summary>Whether an address is on this machine.</summary>
    public static bool IsLoopback(Uri address) =>
        address.IdnHost == "localhost" || (IPAddress.TryParse(address.IdnHost, out var ip) && IPAddress.IsLoopback(ip));
}
