using RegistryProxy.Configuration.Authenticators;
using RegistryProxy.Configuration.Yaml;

namespace RegistryProxy.Configuration.Reading;

/// <summary><c>authenticators</c>.</summary>
internal static class AuthenticatorReader
{
    private static readonly Dictionary<string, (string[] Keys, string[] Mandatory)> Later = new()
    {
        ["ldap"] = (["url", "bindDn", "bindPassword", "baseDn", "userFilter", "userDn", "groupBaseDn", "groupFilter", "groupAttribute", "startTls", "allowPlaintext", "ca"], ["url"]),
        ["oidc"] = (["issuer", "audience", "subjectClaim", "groupsClaim", "require", "allowAnySubject", "clientId", "clientSecret", "scopes", "jwks", "endpoint", "allowPrivate"], ["issuer", "audience"]),
        ["kubernetes"] = (["issuer", "audience", "jwks", "endpoint", "allowPrivate"], ["issuer", "audience"]),
        ["aws-sts"] = (["accounts", "serverId", "endpoint", "allowPrivate"], ["accounts", "serverId"]),
        ["aws-iid"] = (["accounts", "regions", "certificates", "maxAge", "endpoint", "allowPrivate"], ["accounts", "certificates"]),
        ["gcp-identity"] = (["audience", "projects", "jwks", "endpoint", "allowPrivate"], ["audience", "projects"]),
        ["azure-attested"] = (["subscriptions", "roots", "endpoint", "allowPrivate"], ["subscriptions", "roots"]),
        ["grpc"] = (["endpoint", "ca", "certificate", "key", "allowPrivate"], ["endpoint"]),
    };

    public static AuthenticatorConfiguration? Read(string name, Field field, ReadingContext context)
    {
        Names.Check(name, field);
        if (name == "session")
        {
            field.Fail("'session' is a reserved name");
        }

        if (field.Map() is not { } map)
        {
            return null;
        }

        var type = map["type"];
        switch (type.RequiredText())
        {
            case "htpasswd":
                return Htpasswd(name, map, context);
            case var known when Later.TryGetValue(known, out var keys):
                Refuse(map, type, keys.Keys, keys.Mandatory);
                return new LaterConfiguration(known) { Name = name };
            default:
                type.Fail($"must be one of htpasswd, {string.Join(", ", Later.Keys)}");
                return null;
        }
    }

    private static HtpasswdConfiguration Htpasswd(string name, Section map, ReadingContext context)
    {
        var file = map["file"];
        var path = context.ExistingFile(file);
        if (File.Exists(path) && !HtpasswdFile.TryRead(path, out _, out var problems))
        {
            foreach (var problem in problems)
            {
                file.Fail(problem);
            }
        }

        var groups = map["groups"].Entries().ToDictionary(
            entry => entry.Name,
            entry => (IReadOnlyList<string>)[.. entry.Field.Items().Select(user => user.RequiredText())]);
        map.RefuseOthers();
        return new HtpasswdConfiguration { Name = name, File = path, Groups = groups };
    }

    private static void Refuse(Section map, Field type, string[] keys, string[] mandatory)
    {
        map.Know(keys);
        map.RefuseOthers();
        foreach (var field in mandatory.Select(key => map[key]).Where(field => !field.IsPresent || (field.IsList && !field.Items().Any())))
        {
            field.Fail("is required and may not be empty: empty never means all");
        }

        NotSupportedYet.Refuse(type, $"the type '{type.Text()}'");
    }

    /// <summary>Stands for an authenticator that was refused, so that what refers to it is still checked.</summary>
    private sealed record LaterConfiguration(string Kind) : AuthenticatorConfiguration
    {
        public override string Type => Kind;
    }
}
