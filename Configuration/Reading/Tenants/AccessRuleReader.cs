using RegistryProxy.Files.Yaml;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration.Reading.Tenants;

/// <summary><c>tenants.*.access</c></summary>
internal static class AccessRuleReader
{
    public static IReadOnlyList<AccessRuleConfiguration> ReadAll(Field field, TenantAuthenticators authenticators)
    {
        List<AccessRuleConfiguration> rules = [];
        HashSet<string> names = [];
        foreach (var item in field.Items())
        {
            if (item.Map() is not { } map)
            {
                continue;
            }

            var rule = Read(map, authenticators);
            if (!names.Add(rule.Name))
            {
                map["name"].Fail($"the name '{rule.Name}' is used twice");
            }

            rules.Add(rule);
        }

        return rules;
    }

    private static AccessRuleConfiguration Read(Section map, TenantAuthenticators authenticators)
    {
        var rule = new AccessRuleConfiguration
        {
            Name = map["name"].RequiredText(),
            Who = [.. Required(map["who"]).Select(item => AccessSubjectReader.Read(item, authenticators)).OfType<AccessSubject>()],
            When = map["when"].Entries().ToDictionary(
                entry => entry.Name, entry =>
                    (IReadOnlyList<string>)[.. Required(entry.Field, orSingle: true).Select(glob => glob.RequiredText())]),
            Repositories = [.. Required(map["repositories"]).Select(Pattern).OfType<RepositoryPattern>()],
            Actions = Required(map["actions"]).Select(Action).Aggregate(RepositoryActions.None, (all, action) => all | action),
        };
        map.RefuseOthers();
        return rule;
    }

    private static List<Field> Required(Field field, bool orSingle = false)
    {
        var items = field.Items(orSingle).ToList();
        if (items.Count == 0 && (!field.IsPresent || field.IsList))
        {
            field.Fail("is required and may not be empty");
        }

        return items;
    }

    private static RepositoryPattern? Pattern(Field field)
    {
        if (RepositoryPattern.TryParse(field.RequiredText(), out var pattern))
        {
            return pattern;
        }

        field.Fail("must be a glob over path components, such as team-a/** or */base");
        return null;
    }

    private static RepositoryActions Action(Field field)
    {
        var text = field.RequiredText();
        var action = text == "*" ? RepositoryActions.None : RepositoryActionNames.Parse(text);
        if (action == RepositoryActions.None)
        {
            field.Fail($"'{text}' must be pull, push, delete or catalog" +
                $"{field.Errors.Suggest(text, ["pull", "push", "delete", "catalog"])}");
        }

        return action;
    }
}
