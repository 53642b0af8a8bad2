using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Authenticators;

/// <summary><c>type: aws-sts</c> and <c>aws-iid</c>.</summary>
internal static class AwsReader
{
    public static AuthenticatorConfiguration Sts(string name, Section map, ReadingContext context)
    {
        var allowPrivate = map["allowPrivate"].Flag(false);
        return new AwsStsConfiguration
        {
            Name = name,
            Accounts = Accounts(map["accounts"]),
            ServerId = map["serverId"].RequiredText(),
            Endpoint = EndpointReader.Optional(map["endpoint"], allowPrivate),
            AllowPrivate = allowPrivate,
        };
    }

    public static AuthenticatorConfiguration Iid(string name, Section map, ReadingContext context) => new AwsIidConfiguration
    {
        Name = name,
        Accounts = Accounts(map["accounts"]),
        Regions = [.. map["regions"].Items().Select(region => region.RequiredText())],
        Certificates = PemReader.Required(map["certificates"], context),
        MaxAge = map["maxAge"].Duration(TimeSpan.FromDays(365), TimeSpan.FromMinutes(1), TimeSpan.FromDays(3650)),
    };

    private static IReadOnlyList<string> Accounts(Field field)
    {
        foreach (var account in field.Items()
            .Where(account => account.RequiredText() is var text && (text.Length != 12 || !text.All(char.IsAsciiDigit))))
        {
            account.Fail("must be an account number of 12 digits, in quotes");
        }

        return field.RequiredList();
    }
}
