using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration.Reading.Authenticators;

/// <summary><c>type: ldap</c>.</summary>
internal static class LdapReader
{
    public static AuthenticatorConfiguration Read(string name, Section map, ReadingContext context)
    {
        var url = map["url"];
        var (userDn, baseDn, userFilter, groupFilter) = (map["userDn"], map["baseDn"], map["userFilter"], map["groupFilter"]);
        var allowPlaintext = map["allowPlaintext"].Flag(false);
        var ldap = new LdapConfiguration
        {
            Name = name,
            Url = Url(url),
            AllowPrivate = context.Bounds is null,
            StartTls = map["startTls"].Flag(false),
            Ca = PemReader.Authorities(map["ca"], context),
            BindDn = map["bindDn"].Text() ?? "",
            BindPassword = context.Secret(map["bindPassword"]),
            BaseDn = baseDn.Text() ?? "",
            UserFilter = userFilter.Text() ?? "(uid={0})",
            UserDn = userDn.Text() ?? "",
            GroupBaseDn = map["groupBaseDn"].Text() ?? "",
            GroupFilter = groupFilter.Text() ?? "(member={0})",
            GroupAttribute = map["groupAttribute"].Text() ?? "cn",
        };
        CheckTransport(ldap, url, map["startTls"], allowPlaintext);
        CheckPattern(userFilter, ldap.UserFilter);
        CheckPattern(groupFilter, ldap.GroupFilter);
        if (ldap.UserDn.Length > 0)
        {
            CheckPattern(userDn, ldap.UserDn);
        }
        else if (ldap.BaseDn.Length == 0)
        {
            baseDn.Fail("is required without userDn");
        }

        if ((ldap.BindDn.Length > 0) != (ldap.BindPassword is not null))
        {
            map["bindPassword"].Fail("bindDn and bindPassword are required together; without both the search is anonymous");
        }

        return ldap;
    }

    private static Uri Url(Field field)
    {
        var text = field.RequiredText();
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "ldap" or "ldaps" && HttpOrigin.TryGetHost(url, out _)
            && url.PathAndQuery is "/" or "")
        {
            return url;
        }

        if (field.IsPresent)
        {
            field.Fail($"'{text}' must be ldaps://host:port or ldap://host:port");
        }

        return new Uri("ldaps://invalid");
    }

    private static void CheckTransport(LdapConfiguration ldap, Field url, Field startTls, bool allowPlaintext)
    {
        if (ldap.Url.Scheme == "ldaps" && ldap.StartTls)
        {
            startTls.Fail("is for ldap:// only; ldaps:// is encrypted from the start");
        }

        if (ldap.Url.Scheme == "ldap" && !ldap.StartTls && !allowPlaintext)
        {
            url.Fail("would send passwords unencrypted; use ldaps:// or startTls: true, or set allowPlaintext: true");
        }
    }

    private static void CheckPattern(Field field, string pattern)
    {
        if (!pattern.Contains("{0}", StringComparison.Ordinal))
        {
            field.Fail("must contain {0}, which is replaced by the user name");
        }
    }
}
