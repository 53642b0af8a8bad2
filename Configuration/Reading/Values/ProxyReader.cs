using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Values;

/// <summary>A proxy: an address, a map of address, user and password, or <c>none</c>.</summary>
internal static class ProxyReader
{
    /// <summary>The proxy; <c>null</c> when nothing is said.</summary>
    public static ProxyConfiguration? Read(Field field, ReadingContext context)
    {
        if (!field.IsPresent)
        {
            return null;
        }

        if (!field.IsMap)
        {
            return field.Text() == "none" ? ProxyConfiguration.None : new ProxyConfiguration(Address(field), null, null);
        }

        var map = field.Map()!;
        var (url, username, password) = (map["url"], map["username"], map["password"]);
        map.RefuseOthers();
        url.RequiredText();
        if (password.IsPresent && !username.IsPresent)
        {
            username.Fail("is required with a password");
        }

        var user = username.Text();
        if (user is not null && user.Any(character => character == ':' || char.IsControl(character)))
        {
            username.Fail("must not contain a colon or control characters");
        }

        return new ProxyConfiguration(Address(url), user, context.Secret(password));
    }

    /// <summary>An address with a password in it is refused without repeating it.</summary>
    private static Uri? Address(Field field)
    {
        if (field.Text()?.Contains('@') != true)
        {
            return field.Origin();
        }

        field.Fail("must be http:// or https:// with a host and nothing else; user name and password belong into proxy: { url, username, " +
            "password }");
        return null;
    }
}
