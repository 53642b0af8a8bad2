using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Upstreams;

/// <summary><c>type: acr</c>.</summary>
internal static class AcrReader
{
    private static readonly (string Suffix, string Authority)[] Clouds =
    [
        (".azurecr.us", "https://login.microsoftonline.us"),
        (".azurecr.cn", "https://login.partner.microsoftonline.cn"),
        ("", "https://login.microsoftonline.com"),
    ];

    public static UpstreamCredentials Read(Section map, Uri url, bool allowPrivate, ReadingContext context)
    {
        var (tenant, client, secret, federated) = (map["tenantId"], map["clientId"], map["clientSecret"], map["federatedTokenFile"]);
        if (secret.IsPresent)
        {
            tenant.RequiredText();
            client.RequiredText();
            if (federated.IsPresent)
            {
                federated.Fail("cannot be combined with clientSecret");
            }
        }

        var cloud = Array.Find(Clouds, cloud => url.IdnHost.EndsWith(cloud.Suffix, StringComparison.OrdinalIgnoreCase));
        return new AcrCredentials
        {
            TenantId = Name(tenant),
            ClientId = Name(client),
            ClientSecret = context.Secret(secret),
            FederatedTokenFile = federated.IsPresent ? context.Absolute(federated) : null,
            Authority = EndpointReader.Optional(map["authority"], allowPrivate) ?? new Uri(cloud.Authority),
            MetadataEndpoint = EndpointReader.Optional(map["metadataEndpoint"], allowPrivate),
        };
    }

    private static string? Name(Field field)
    {
        if (field.Text() is { } text && !text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '.'))
        {
            field.Fail("must be a subscription id (a GUID, as in the Azure portal)");
        }

        return field.Text();
    }
}
