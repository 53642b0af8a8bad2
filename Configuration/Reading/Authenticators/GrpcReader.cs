using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Authenticators;

/// <summary><c>type: grpc</c>.</summary>
internal static class GrpcReader
{
    public static AuthenticatorConfiguration Read(string name, Section map, ReadingContext context)
    {
        var allowPrivate = map["allowPrivate"].Flag(false);
        var (endpoint, certificate, key) = (map["endpoint"], map["certificate"], map["key"]);
        if (certificate.IsPresent != key.IsPresent)
        {
            key.Fail("certificate and key are required together");
        }

        var pair = certificate.IsPresent && key.IsPresent ? PemReader.Pair(certificate, key, context) : default;
        return new GrpcConfiguration
        {
            Name = name,
            Endpoint = EndpointReader.Required(endpoint, allowPrivate) ?? new Uri("https://invalid"),
            Ca = PemReader.Authorities(map["ca"], context),
            Certificate = pair.Certificate,
            Key = pair.Key,
            AllowPrivate = allowPrivate,
        };
    }
}
