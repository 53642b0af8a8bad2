using RegistryProxy.Configuration;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Access;

/// <summary>Says which rule decides and, when denied, which would have been nearest.</summary>
internal static class AccessExplainer
{
    /// <summary>Answers the question for an identity, <c>null</c> being anybody; <c>null</c> when there is no such tenant.</summary>
    public static AccessAnswer? Explain(FrontDoorConfiguration configuration, AccessQuestion question, VerifiedIdentity? identity)
    {
        if (!configuration.Tenants.TryGetValue(question.Tenant, out var tenant))
        {
            return null;
        }

        var route = question.Action == RepositoryActions.Catalog ? null : RouteOf(tenant, question.Repository);
        var matching = AccessRules.Match(tenant, identity);
        if (Granting(matching, question) is { Count: > 0 } granting)
        {
            var names = string.Join(" and ", granting.Select(rule => $"'{rule.Name}'"));
            var said = granting.Count == 1 ? $"rule {names} grants it" : $"rules {names} grant it together";
            var lost = route is null && question.Action != RepositoryActions.Catalog
                ? ", but no route of this registry matches this name: it is not found (404)" : "";
            return new AccessAnswer(true, string.Join(", ", granting.Select(rule => rule.Name)), said + lost, route);
        }

        return tenant.Access.Select(rule => Evaluate(rule, identity, question)).MinBy(one => one.Misses.Count) is { } nearest
            ? new AccessAnswer(false, nearest.Rule,
                $"no rule grants it; nearest is '{nearest.Rule}': {string.Join("; ", nearest.Misses)}", route)
            : new AccessAnswer(false, null, "this tenant has no access rules, and nothing is allowed without one", route);
    }

    /// <summary>The first rule that grants all that is asked, or those that do together; none when it is denied.</summary>
    private static IReadOnlyList<GrantedRule> Granting(IReadOnlyList<GrantedRule> rules, AccessQuestion question)
    {
        if (question.Action == RepositoryActions.Catalog)
        {
            return [.. rules.Where(rule => rule.Actions.HasFlag(RepositoryActions.Catalog)).Take(1)];
        }

        if (rules.FirstOrDefault(rule => rule.Grants(question.Repository, question.Action)) is { } one)
        {
            return [one];
        }

        return (rules.ActionsOn(question.Repository) & question.Action) == question.Action
            ? [.. rules.Where(rule =>
                (rule.Actions & question.Action) != RepositoryActions.None && rule.MatchesRepository(question.Repository))]
            : [];
    }

    private static RuleEvaluation Evaluate(AccessRuleConfiguration rule, VerifiedIdentity? identity, AccessQuestion question)
    {
        List<string> misses = [];
        if (!AccessRules.Matches(rule with { When = new Dictionary<string, IReadOnlyList<string>>() }, identity))
        {
            misses.Add($"who is {string.Join(", ", rule.Who)}");
        }

        if (!AccessRules.Matches(rule with { Who = [new AccessSubject(AccessSubjectKind.Anonymous, null, "")] }, identity))
        {
            var conditions = rule.When.Select(condition => $"{condition.Key}={string.Join('|', condition.Value)}");
            misses.Add($"when is {string.Join(", ", conditions)}");
        }

        if (question.Action != RepositoryActions.Catalog && !rule.Repositories.Any(pattern => pattern.Matches(question.Repository)))
        {
            misses.Add($"repositories are {string.Join(", ", rule.Repositories)}");
        }

        if ((rule.Actions & question.Action) != question.Action)
        {
            misses.Add($"actions are {string.Join(", ", rule.Actions.Names())}");
        }

        return new RuleEvaluation(rule.Name, misses);
    }

    private static string? RouteOf(TenantConfiguration tenant, RepositoryName repository) => tenant.Routes
        .Where(route => repository.Below(route.Prefix) is not null)
        .OrderByDescending(route => route.Prefix.Length)
        .Select(route =>
            $"'{route.Prefix}' -> {string.Join(", ", route.Upstreams)}: " +
            $"{string.Join('/', new[] { route.Rewrite, repository.Below(route.Prefix)! }.Where(part => part.Length > 0))}")
        .FirstOrDefault();

    private sealed record RuleEvaluation(string Rule, List<string> Misses);
}
