using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Authenticators;

/// <summary><c>clientId</c>, <c>clientSecret</c> and <c>scopes</c> of <c>type: oidc</c>: login of people.</summary>
internal static class InteractiveLoginReader
{
    private const string OpenId = "openid";

    public static InteractiveLoginConfiguration? Read(Section map, ReadingContext context)
    {
        var (clientId, clientSecret, scopes) = (map["clientId"], map["clientSecret"], map["scopes"]);
        var (id, secret) = (clientId.Text(), context.Secret(clientSecret));
        List<string> asked = [.. scopes.Items().Select(scope => scope.RequiredText())];
        if (id is null)
        {
            foreach (var field in new[] { clientSecret, scopes }.Where(field => field.IsPresent))
            {
                field.Fail("is for browser logins and also needs clientId");
            }

            return null;
        }

        if (asked.Any(scope => scope.Length == 0 || scope.Any(character => character is <= ' ' or '"' or '\\' or > '~')))
        {
            scopes.Fail("contains an invalid scope (RFC 6749, section 3.3)");
        }

        return new InteractiveLoginConfiguration(id, secret, asked.Contains(OpenId) ? asked : [OpenId, .. asked]);
    }
}
