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
        var path = context.Absolute(file.RequiredText());
        if (file.IsPresent && !HtpasswdFile.TryRead(path, out _, out var problems))
        {
            foreach (var problem in problems)
            {
                file.Fail(problem);
            }
        }

        var groups = map["groups"].Entries().ToDictionary(
            entry => entry.Name,
            entry => (IReadOnlyList<string>)[.. entry.Field.Items().Select(user => user.RequiredText())]);
        return new HtpasswdConfiguration { Name = name, File = path, Groups = groups };
    }
}
