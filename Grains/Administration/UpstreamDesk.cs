using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Administration;

/// <summary>
/// <c>GET /admin/upstreams</c>: how the upstreams of this tenant's routes fare. Of those that it shares with others it is told no more than
/// that: reasons name hosts and credentials of the operator.
/// </summary>
internal sealed class UpstreamDesk(IGrainFactory grains, IConfigurationFeed configuration, TimeProvider time)
{
    /// <summary>The most upstreams in one answer; of more routes the first count.</summary>
    private const int MaxUpstreams = 100;

    private const string Unknown = "unknown";

    /// <summary>How long the grain of one upstream may take.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public async ValueTask<AdministrationReply> List(AdministrationCall call)
    {
        var tenant = configuration.Current.Configuration.Tenants.GetValueOrDefault(call.Tenant);
        var names = (tenant?.Routes ?? []).SelectMany(route => route.Upstreams).Distinct().Take(MaxUpstreams);
        var upstreams = await Task.WhenAll(names.Select(name => Describe(call.Tenant, name)));
        return AdministrationAnswer.Good(upstreams, AdministrationJson.Default.TenantUpstreamArray);
    }

    private async Task<TenantUpstream> Describe(string tenant, string name)
    {
        var isOwn = name.StartsWith($"{tenant}/", StringComparison.Ordinal);
        try
        {
            var status = await grains.GetGrain<IUpstreamStatusGrain>(name).Describe().AsTask().WaitAsync(Patience, time);
            return new TenantUpstream(
                name, isOwn, status.State ?? Unknown, status.FailingSince, status.LastSuccess,
                isOwn && status.FailingSince is not null ? status.LastError : null);
        }
        catch (Exception)
        {
            // The others are worth showing.
            return new TenantUpstream(name, isOwn, Unknown, null, null, null);
        }
    }
}

/// <summary>An upstream, as a tenant that has a route to it may know it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsOwn">Whether the tenant's own part defines it.</param>
/// <param name="State">
/// As <see cref="UpstreamStatus.State"/>, or <c>unknown</c> when nobody says now.
/// </param>
/// <param name="FailingSince">As <see cref="UpstreamStatus.FailingSince"/>.</param>
/// <param name="LastSuccess">When it last answered; <c>null</c> when it did not since the cluster knows of it.</param>
/// <param name="LastError">Why it is failing or refused, of the tenant's own alone.</param>
internal sealed record TenantUpstream(
    string Name, bool IsOwn, string State, DateTimeOffset? FailingSince, DateTimeOffset? LastSuccess, string? LastError);
