using RegistryProxy.Configuration.Authenticators;
using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration.Reading.Authenticators;

/// <summary><c>type: htpasswd</c>.</summary>
internal static class HtpasswdReader
{
    public static AuthenticatorConfiguration Read(string name, Section map, ReadingContext context)
    {
        var file = map["file"];
        var lines = context.Inline(file, "value");
        var htpasswd = new HtpasswdConfiguration
        {
            Name = name, File = lines is null ? context.Absolute(file) : "", Lines = lines is null ? null : new Secret(lines),
        };
        var users = HtpasswdFile.Empty;
        if (file.IsPresent && !htpasswd.TryRead(out users, out var problems))
        {
            foreach (var problem in problems)
            {
                context.FailFile(file, problem);
            }
        }

        var groups = map["groups"].Entries().ToDictionary(
            entry => entry.Name,
            entry => (IReadOnlyList<string>)[.. entry.Field.Items().Select(user => Member(user, users))]);
        return htpasswd with { Groups = groups };
    }

    private static string Member(Field field, HtpasswdFile users)
    {
        var user = field.RequiredText();
        if (users.Hashes.Count > 0 && !users.Hashes.ContainsKey(user))
        {
            field.Warn($"the password file has no user '{user}'{field.Errors.Suggest(user, users.Hashes.Keys)}");
        }

        return user;
    }
}
