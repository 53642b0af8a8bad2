using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Silo.Admin.Replies;

namespace RegistryProxy.Silo.Admin.Operations;

/// <summary><c>GET /admin/summary</c>: what is wrong now, and the cluster in numbers.</summary>
internal sealed class SummaryEndpoint(
    IGrainFactory grains, IConfigurationFeed configuration, UpstreamEndpoints upstreams, ConfigurationSight sight, SiloDeaths deaths,
    IStateHealth state, TimeProvider time)
{
    private static readonly OperationsView NoView = new() { Tenants = [], Repositories = [], Processes = [] };

    public async Task Describe(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var (operations, parts, now) = (grains.GetGrain<IOperationsGrain>(0), new SummaryParts(time), time.GetUtcNow());
        var view = parts.Ask("processes and requests", operations.Describe(cancellation).AsTask(), NoView, cancellation);
        var hour = parts.Ask(
            "the last hour", operations.Activity(ActivityKind.Tenant, cancellation).AsTask(), new ActivityView(now, []), cancellation);
        var statuses = parts.Ask("upstreams", upstreams.Describe(cancellation), [], cancellation);
        var caches = parts.Ask("caches", grains.GetGrain<ICacheGrain>(0).Describe(cancellation).AsTask(), [], cancellation);
        await Task.WhenAll(view, hour, statuses, caches);
        var reported = (await view).Processes;
        var seen = await view with
        {
            Processes = await parts.Ask("silos that were declared dead", deaths.Add(reported), reported, cancellation),
        };
        await Write(context, seen, await hour, new ClusterSight(
            configuration.Current.Version, sight, await statuses, await caches, seen.Processes,
            [.. (await hour).Items.Where(item => configuration.Current.Configuration.Tenants.ContainsKey(item.Name))])
        {
            Unknown = parts.Unknown, Storage = state.Outage, Now = now,
        });
    }

    private async Task Write(HttpContext context, OperationsView view, ActivityView activity, ClusterSight seen)
    {
        var current = configuration.Current;
        await AdminReply.Json(
            context,
            new Summary(
                current.Version, time.GetUtcNow(), activity.Since, Problems.Of(seen), current.Configuration.Tenants.Count,
                current.Configuration.Upstreams.Count, Sum(view, activity), view.Repositories, view.Processes)
            {
                ConfigurationErrors = sight.Listed,
            },
            OperationsJson.Default.Summary);
    }

    private static SummaryNumbers Sum(OperationsView view, ActivityView activity)
    {
        var hours = activity.Items.Select(item => TenantNumbers.Of(item.LastHour)).ToList();
        return new SummaryNumbers(
            view.Tenants.Sum(rates => rates.Requests), view.Tenants.Sum(rates => rates.Refused), view.Tenants.Sum(rates => rates.Errors),
            hours.Sum(hour => hour.Pulls), hours.Sum(hour => hour.Sent));
    }
}

/// <summary>The cluster in short.</summary>
/// <param name="Configuration">The version in use.</param>
/// <param name="Now">The clock of the silo.</param>
/// <param name="HistorySince">From when on the last hour is counted.</param>
/// <param name="Problems">What is wrong, the worst first.</param>
/// <param name="Tenants">How many there are.</param>
/// <param name="Upstreams">How many there are.</param>
/// <param name="Numbers">Of all tenants together.</param>
/// <param name="Repositories">The most pulled since each gateway started.</param>
/// <param name="Processes">Silos and gateways.</param>
internal sealed record Summary(
    string Configuration, DateTimeOffset Now, DateTimeOffset HistorySince, IReadOnlyList<Problem> Problems, int Tenants, int Upstreams,
    SummaryNumbers Numbers, IReadOnlyList<RepositoryPulls> Repositories, IReadOnlyList<ProcessStatus> Processes)
{
    /// <summary>What is wrong with the files of the silo that answers.</summary>
    public IReadOnlyList<string> ConfigurationErrors { get; init; } = [];
}

/// <summary>What all tenants together do: requests per second now, pulls and bytes sent in the last hour.</summary>
internal sealed record SummaryNumbers(double Requests, double Refused, double Errors, double Pulls, double Sent);
