using RegistryProxy.Configuration;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Grains.Administration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Silo.Admin.Operations;

/// <summary>All that operators see of one tenant; no secret.</summary>
internal sealed record TenantPage(
    TenantRow Summary, Uri? PublicUrl, IReadOnlyList<string> Errors, IReadOnlyList<string> Authenticators, IReadOnlyList<RouteView> Routes,
    IReadOnlyList<RuleView> Access, IReadOnlyDictionary<string, string> Namespaces, IReadOnlyList<LimitView> Limits,
    IReadOnlyList<ReasonCount> Refusals, IReadOnlyList<RepositoryPulls> Repositories, DateTimeOffset? CountedSince, HourOfActivity History)
{
    /// <summary>Whether pulls of some gateway may be missing in <see cref="Repositories"/>.</summary>
    public bool IsPartial { get; init; }

    public static TenantPage Of(
        TenantConfiguration tenant, TenantRow row, TenantDetail detail, HourOfActivity history,
        IReadOnlyList<ConfigurationError> errors) => new(
        row, tenant.PublicUrl, [.. errors.Select(error => error.ToString())], tenant.Authenticators,
        [.. tenant.Routes.Select(route => new RouteView(route.Prefix, route.Upstreams, route.Rewrite, route.Cache))],
        [.. tenant.Access.Select(RuleView.Of)], tenant.Namespaces, [.. LimitsOf(tenant.Limits, row.PerSecond, detail.Streams)],
        detail.Refusals, detail.Repositories, detail.Since, history)
    {
        IsPartial = detail.IsPartial,
    };

    private static IEnumerable<LimitView> LimitsOf(LimitConfiguration? limits, TenantNumbers use, int streams)
    {
        LimitView?[] all =
        [
            LimitView.Of("requestsPerSecond", limits?.RequestsPerSecond, use.Requests),
            LimitView.Of("bytesPerSecond", limits?.BytesPerSecond, use.Sent + use.Received),
            LimitView.Of("concurrentStreams", limits?.ConcurrentStreams, streams),
            LimitView.Of("perIdentity.requestsPerSecond", limits?.IdentityRequestsPerSecond, null),
        ];
        return all.OfType<LimitView>();
    }
}

/// <summary>Where names below a prefix lead.</summary>
internal sealed record RouteView(string Prefix, IReadOnlyList<string> Upstreams, string Rewrite, bool Cache);

/// <summary>One rule, as it is written.</summary>
internal sealed record RuleView(
    string Name, IReadOnlyList<string> Who, IReadOnlyDictionary<string, IReadOnlyList<string>> When, IReadOnlyList<string> Repositories,
    IReadOnlyList<string> Actions)
{
    public static RuleView Of(AccessRuleConfiguration rule) => new(
        rule.Name, [.. rule.Who.Select(who => who.ToString())], rule.When, [.. rule.Repositories.Select(pattern => pattern.Value)],
        rule.Actions.Names());
}

/// <summary>A limit of a tenant.</summary>
/// <param name="Name">Its key.</param>
/// <param name="Limit">How much may be used.</param>
/// <param name="Use">How much is: in the last whole minute, or now; <c>null</c> where each identity has its own.</param>
internal sealed record LimitView(string Name, long Limit, double? Use)
{
    public static LimitView? Of(string name, long? limit, double? use) => limit is { } known ? new LimitView(name, known, use) : null;
}
