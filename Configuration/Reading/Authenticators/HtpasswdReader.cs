using RegistryProxy.Configuration.Authenticators;
using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Authenticators;

/// <summary><c>type: htpasswd</c>.</summary>
internal static class HtpasswdReader
{
    public static AuthenticatorConfiguration Read(string name, Section map, ReadingContext context)
    {
        var file = map["file"];
        var path = context.Absolute(file);
        var users = HtpasswdFile.Empty;
        if (file.IsPresent && !HtpasswdFile.TryRead(path, out users, out var problems))
        {
            foreach (var problem in problems)
            {
                file.Fail(problem);
            }
        }

        var groups = map["groups"].Entries().ToDictionary(
            entry => entry.Name,
            entry => (IReadOnlyList<string>)[.. entry.Field.Items().Select(user => Member(user, users))]);
        return new HtpasswdConfiguration { Name = name, File = path, Groups = groups };
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
