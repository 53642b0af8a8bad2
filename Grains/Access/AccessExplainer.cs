using RegistryProxy.Configuration;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Access;

/// <summary>Says which rule decides and, when denied, which would have been nearest.</summary>
public static class AccessExplainer
{
    /// <summary>Answers the question; <c>null</c> when there is no such tenant.</summary>
    public static AccessAnswer? Explain(FrontDoorConfiguration configuration, AccessQuestion question)
    {
        if (!configuration.Tenants.TryGetValue(question.Tenant, out var tenant))
        {
            return null;
        }

        var identity = question.Subject is { Length: > 0 } subject
            ? new VerifiedIdentity(question.Authenticator ?? "", subject, question.Groups, question.Claims, "")
            : null;
        var route = RouteOf(tenant, question.Repository);
        var judged = tenant.Access.Select(rule => Judge(rule, identity, question)).ToList();
        return judged.Find(one => one.Misses.Count == 0) is { } allowing
            ? new AccessAnswer(true, allowing.Rule, $"rule '{allowing.Rule}' grants it", route)
            : judged.MinBy(one => one.Misses.Count) is { } nearest
                ? new AccessAnswer(false, nearest.Rule, $"no rule grants it; nearest is '{nearest.Rule}': {string.Join("; ", nearest.Misses)}", route)
                : new AccessAnswer(false, null, "this tenant has no access rules, and nothing is allowed without one", route);
    }

    private static Judgement Judge(AccessRuleConfiguration rule, VerifiedIdentity? identity, AccessQuestion question)
    {
        List<string> misses = [];
        if (!AccessRules.Matches(rule with { When = new Dictionary<string, IReadOnlyList<string>>() }, identity))
        {
            misses.Add($"who is {string.Join(", ", rule.Who)}");
        }

        if (!AccessRules.Matches(rule with { Who = [new AccessSubject(AccessSubjectKind.Anonymous, null, "")] }, identity))
        {
            misses.Add($"when is {string.Join(", ", rule.When.Select(condition => $"{condition.Key}={string.Join('|', condition.Value)}"))}");
        }

        if (!rule.Repositories.Any(pattern => pattern.Matches(question.Repository)))
        {
            misses.Add($"repositories are {string.Join(", ", rule.Repositories)}");
        }

        if ((rule.Actions & question.Action) != question.Action)
        {
            misses.Add($"actions are {string.Join(", ", rule.Actions.Names())}");
        }

        return new Judgement(rule.Name, misses);
    }

    private static string? RouteOf(TenantConfiguration tenant, RepositoryName repository) => tenant.Routes
        .Where(route => repository.Below(route.Prefix) is not null)
        .OrderByDescending(route => route.Prefix.Length)
        .Select(route => $"'{route.Prefix}' -> {string.Join(", ", route.Upstreams)}: {string.Join('/', new[] { route.Rewrite, repository.Below(route.Prefix)! }.Where(part => part.Length > 0))}")
        .FirstOrDefault();

    private sealed record Judgement(string Rule, List<string> Misses);
}
