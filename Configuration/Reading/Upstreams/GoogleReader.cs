using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Upstreams;

/// <summary><c>type: google</c>.</summary>
internal static class GoogleReader
{
    public static UpstreamCredentials Read(Section map, bool allowPrivate, ReadingContext context)
    {
        var keyFile = map["keyFile"];
        return new GoogleCredentials
        {
            KeyFile = keyFile.IsPresent ? context.Absolute(keyFile) : null,
            TokenEndpoint = EndpointReader.Optional(map["tokenEndpoint"], allowPrivate),
            StsEndpoint = EndpointReader.Optional(map["stsEndpoint"], allowPrivate),
            IamEndpoint = EndpointReader.Optional(map["iamEndpoint"], allowPrivate),
            MetadataEndpoint = EndpointReader.Optional(map["metadataEndpoint"], allowPrivate),
        };
    }
}
