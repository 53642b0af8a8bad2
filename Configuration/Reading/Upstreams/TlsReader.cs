using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Upstreams;

/// <summary><c>tls</c> of an upstream.</summary>
internal static class TlsReader
{
    public static UpstreamTls? Read(Field field, ReadingContext context)
    {
        if (!field.IsPresent || field.Map() is not { } map)
        {
            return null;
        }

        var (ca, certificate, key) = (map["ca"], map["certificate"], map["key"]);
        map.RefuseOthers();
        if (certificate.IsPresent != key.IsPresent)
        {
            (certificate.IsPresent ? key : certificate).Fail("certificate and key are required together");
        }
        else if (!certificate.IsPresent && !ca.IsPresent)
        {
            field.Fail("needs ca: FILE, or certificate: FILE with key: FILE");
        }

        var pair = certificate.IsPresent && key.IsPresent ? PemReader.Pair(certificate, key, context) : default;
        return new UpstreamTls(PemReader.Authorities(ca, context), pair.Certificate, pair.Key);
    }
}
