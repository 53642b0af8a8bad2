using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration.Reading;

/// <summary><c>egress</c>.</summary>
internal static class EgressReader
{
    public static EgressConfiguration Read(Field field, ReadingContext context)
    {
        var map = field.Fields();
        var (proxy, noProxy) = (map["proxy"], map["noProxy"]);
        map.RefuseOthers();
        foreach (var item in noProxy.Items().Where(item => !NoProxyList.IsEntry(item.RequiredText())))
        {
            item.Fail("must be a host, .suffix, *.suffix, an address, a network such as 10.0.0.0/8, one of the former with :port, or *");
        }

        if (noProxy.IsPresent && !proxy.IsPresent)
        {
            noProxy.Fail("needs egress.proxy; for HTTPS_PROXY of the environment use NO_PROXY");
        }

        return new EgressConfiguration
        {
            Proxy = ProxyReader.Read(proxy, context), NoProxy = [.. noProxy.Items().Select(item => item.RequiredText())]
        };
    }
}
