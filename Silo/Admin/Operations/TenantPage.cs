using RegistryProxy.Configuration;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Grains.Administration;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Silo.Admin.Operations;

/// <summary>All that operators see of one tenant; no secret.</summary>
internal sealed record TenantPage(
    TenantRow Summary, Uri? PublicUrl, IReadOnlyList<string> Errors, TenantPart Part, IReadOnlyList<LimitView> Limits,
    IReadOnlyList<ReasonCount> Refusals, IReadOnlyList<RepositoryPulls> Repositories, DateTimeOffset? CountedSince, HourOfActivity History)
{
    /// <summary>Whether pulls of some gateway may be missing in <see cref="Repositories"/>.</summary>
    public bool IsPartial { get; init; }

    public static TenantPage Of(
        ConfigurationSnapshot snapshot, TenantRow row, TenantDetail detail, HourOfActivity history,
        IReadOnlyList<ConfigurationError> errors)
    {
        var tenant = snapshot.Configuration.Tenants[row.Name];
        return new TenantPage(
            row, tenant.PublicUrl, [.. errors.Select(error => error.ToString())], TenantPart.Of(snapshot, tenant),
            [.. LimitsOf(tenant.Limits, row.PerSecond, detail.Streams)], detail.Refusals, detail.Repositories, detail.Since, history)
        {
            IsPartial = detail.IsPartial,
        };
    }

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

/// <summary>A limit of a tenant.</summary>
/// <param name="Name">Its key.</param>
/// <param name="Limit">How much may be used.</param>
/// <param name="Use">How much is: in the last whole minute, or now; <c>null</c> where each identity has its own.</param>
internal sealed record LimitView(string Name, long Limit, double? Use)
{
    public static LimitView? Of(string name, long? limit, double? use) => limit is { } known ? new LimitView(name, known, use) : null;
}
