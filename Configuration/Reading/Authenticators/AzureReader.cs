using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Authenticators;

/// <summary><c>type: azure-attested</c>.</summary>
internal static class AzureReader
{
    public static AuthenticatorConfiguration Read(string name, Section map, ReadingContext context) => new AzureAttestedConfiguration
    {
        Name = name,
        Subscriptions = map["subscriptions"].RequiredList(),
        Roots = PemReader.Required(map["roots"], context),
    };
}
