using RegistryProxy.Files.Yaml;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration.Reading.Values;

/// <summary>Names that the file gives, and repository paths in it.</summary>
internal static class Names
{
    public static void Check(string name, Field field)
    {
        if (name.Length is 0 or > 63 || !char.IsAsciiLetterOrDigit(name[0])
            || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        {
            field.Fail($"the name '{name}' must be 1 to 63 letters, digits, '-' and '_', beginning with a letter or digit");
        }
    }

    /// <summary>
    /// Says that there is nothing of a name, unless it is defined and what is wrong with that has been said.
    /// </summary>
    public static void FailUnlessDefined(this Field field, string section, string name, string message)
    {
        if (!field.Errors.HasAt($"{section}.{name}") && !field.Errors.HasAt($"define.{section}.{name}"))
        {
            field.Fail(message);
        }
    }

    /// <summary>How many names a message lists.</summary>
    private const int Listed = 20;

    /// <summary>Names for a message; of many the first ones.</summary>
    public static string List(IEnumerable<string> names)
    {
        var first = names.Take(Listed + 1).ToList();
        return first.Count == 0 ? "none" : first.Count <= Listed ? string.Join(", ", first) : $"{string.Join(", ", first.Take(Listed))}, …";
    }

    /// <summary>Whole components of a repository name, or nothing.</summary>
    public static string Path(Field field)
    {
        var text = field.Text() ?? "";
        if (text.Length > 0 && !RepositoryName.TryParse(text, out _))
        {
            field.Fail($"'{text}' must be path components of a repository name, such as team-a or acme/project");
        }

        return text;
    }
}
