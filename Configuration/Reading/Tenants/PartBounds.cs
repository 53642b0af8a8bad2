using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Tenants;

/// <summary>
/// How much the access rules of a tenant's part may say together: what of them is for somebody is asked for, sent and kept as a whole, and
/// looked through at each request.
/// </summary>
internal static class PartBounds
{
    /// <summary>
    /// The most entries of <c>repositories</c> of all rules together; the same of <c>who</c>, and of the globs of <c>when</c>.
    /// </summary>
    public const int MaxOfEach = 10_000;

    /// <summary>The most characters of names of rules and of their patterns, all together.</summary>
    public const int MaxText = 256 * 1024;

    /// <summary>Says at which rule it is too much; whether it is not.</summary>
    public static bool Check(Field access)
    {
        var (patterns, who, globs, text) = (0, 0, 0, 0L);
        foreach (var rule in access.IsList ? access.Items().Where(item => item.IsMap) : [])
        {
            var map = rule.Map()!;
            patterns += Count(map["repositories"]);
            who += Count(map["who"]);
            globs += map["when"].IsMap ? map["when"].Entries().Sum(entry => Count(entry.Field)) : 0;
            text += Length(map["name"]) + (map["repositories"].IsList ? map["repositories"].Items().Sum(item => Length(item)) : 0);
            var key = patterns > MaxOfEach ? "repositories" : who > MaxOfEach ? "who" : globs > MaxOfEach ? "when" : null;
            if (key is not null)
            {
                map[key].Fail($"is more than {MaxOfEach} with those of the rules before, which is the most in the part of a tenant");
            }
            else if (text > MaxText)
            {
                map["repositories"].Fail(
                    $"is more than {MaxText} characters with names and patterns of the rules before, which is the most in the part of " +
                    "a tenant");
            }

            if (key is not null || text > MaxText)
            {
                return false;
            }
        }

        return true;
    }

    private static int Count(Field list) => list.IsList ? list.Items().Count() : 1;

    private static long Length(Field field) => field.IsMap || field.IsList ? 0 : field.Text()?.Length ?? 0;
}
