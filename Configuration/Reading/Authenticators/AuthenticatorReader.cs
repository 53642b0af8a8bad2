using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Authenticators;

/// <summary><c>authenticators</c>.</summary>
internal static class AuthenticatorReader
{
    private delegate AuthenticatorConfiguration Kind(string name, Section map, ReadingContext context);

    private static readonly Dictionary<string, Kind> Kinds = new()
    {
        ["htpasswd"] = HtpasswdReader.Read,
        ["ldap"] = LdapReader.Read,
        ["oidc"] = TokenIssuerReader.Oidc,
        ["kubernetes"] = KubernetesReader.Read,
        ["gcp-identity"] = TokenIssuerReader.GcpIdentity,
        ["aws-sts"] = AwsReader.Sts,
        ["aws-iid"] = AwsReader.Iid,
        ["azure-attested"] = AzureReader.Read,
        ["grpc"] = GrpcReader.Read,
    };

    public static AuthenticatorConfiguration? Read(string name, Field field, ReadingContext context)
    {
        Names.Check(name, field);
        if (name is AuthenticatorConfiguration.Session or AuthenticatorConfiguration.Robot)
        {
            field.Fail($"'{name}' is a reserved name");
        }

        if (field.Map() is not { } map)
        {
            return null;
        }

        var type = map["type"];
        if (!Kinds.TryGetValue(type.RequiredText(), out var kind))
        {
            type.Fail($"must be one of {string.Join(", ", Kinds.Keys)}{type.Errors.Suggest(type.Text() ?? "", Kinds.Keys)}");
            return null;
        }

        var authenticator = kind(name, map, context);
        map.RefuseOthers();
        return authenticator with { Stamp = field.Stamp(withSecrets: false), IsOfTenant = context.Bounds is not null };
    }
}
