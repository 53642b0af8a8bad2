using System.Net;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading;

/// <summary>What is right in <c>upstreams</c> and hardly meant.</summary>
internal static class UpstreamDoubts
{
    private static readonly IPNetwork[] Private =
        [.. new[] { "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "fc00::/7",
            "fe80::/10" }.Select(text => IPNetwork.Parse(text))];

    public static void Tell(Field upstreams, FrontDoorConfiguration configuration)
    {
        foreach (var (name, field) in upstreams.Entries())
        {
            if (configuration.Upstreams.TryGetValue(name, out var upstream) && field.IsMap)
            {
                Tell(field.Map()!, upstream);
            }
        }
    }

    private static void Tell(Section map, UpstreamConfiguration upstream)
    {
        var url = map["url"];
        var needsTls = upstream.Credentials is not AnonymousCredentials;
        if (needsTls && IsReadable(upstream.Url))
        {
            url.Warn("is http: whoever is on the way reads the credential that is sent there; use https");
        }

        if (!upstream.AllowPrivate && IsPrivate(upstream.Url))
        {
            url.Warn("is a loopback or private address, and every request to it is refused without allowPrivate: true");
        }

        foreach (var (item, realm) in map["realms"].Items()
            .Select(item => (Item: item, Realm: Uri.TryCreate(item.Text(), UriKind.Absolute, out var address) ? address : null)))
        {
            if (needsTls && realm is not null && IsReadable(realm))
            {
                item.Warn("is http: whoever is on the way reads the credential that is sent there; use https");
            }

            if (!upstream.AllowPrivate && realm is not null && IsPrivate(realm))
            {
                item.Warn("is a loopback or private address, and every request to it is refused without allowPrivate: true");
            }
        }
    }

    private static bool IsReadable(Uri address) => address.Scheme == Uri.UriSchemeHttp && !HostReader.IsLoopback(address);

    private static bool IsPrivate(Uri address)
    {
        if (HostReader.IsLoopback(address))
        {
            return true;
        }

        return IPAddress.TryParse(address.Host.Trim('[', ']'), out var literal)
            && (literal.IsIPv4MappedToIPv6 ? literal.MapToIPv4() : literal) is var plain
            && (plain.Equals(IPAddress.Any) || plain.Equals(IPAddress.IPv6Any)
                || Private.Any(network => network.BaseAddress.AddressFamily == plain.AddressFamily && network.Contains(plain)));
    }
}
