using System.Net;
using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration.Reading.Upstreams;

/// <summary>What is right in <c>upstreams</c> and hardly meant.</summary>
internal static class UpstreamDoubts
{
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
            url.Warn("is http: the credential is sent unencrypted; use https");
        }

        WarnOfAddress(url, upstream.Url, upstream.AllowPrivate);
        foreach (var (item, realm) in map["realms"].Items()
            .Select(item => (Item: item, Realm: Uri.TryCreate(item.Text(), UriKind.Absolute, out var address) ? address : null)))
        {
            if (needsTls && realm is not null && IsReadable(realm))
            {
                item.Warn("is http: the credential is sent unencrypted; use https");
            }

            if (realm is not null)
            {
                WarnOfAddress(item, realm, upstream.AllowPrivate);
            }
        }
    }

    private static bool IsReadable(Uri address) => address.Scheme == Uri.UriSchemeHttp && !EndpointReader.IsLoopback(address);

    private static void WarnOfAddress(Field field, Uri address, bool allowPrivate)
    {
        var literal = IPAddress.TryParse(address.IdnHost, out var parsed) ? parsed
            : EndpointReader.IsLoopback(address) ? IPAddress.Loopback : null;
        if (literal is null || AddressRules.MayDial(literal, allowPrivate))
        {
            return;
        }

        field.Warn(AddressRules.MayDial(literal, allowPrivate: true)
            ? "is a loopback or private address, and every request to it is refused without allowPrivate: true"
            : "is a link-local, metadata, multicast or unspecified address, and no request is ever sent to one");
    }
}
