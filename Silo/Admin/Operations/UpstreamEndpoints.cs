using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Accounts;
using RegistryProxy.Silo.Admin.Replies;

namespace RegistryProxy.Silo.Admin.Operations;

/// <summary><c>GET /admin/upstreams</c></summary>
internal sealed class UpstreamEndpoints(IGrainFactory grains, IConfigurationFeed configuration, TimeProvider time)
{
    /// <summary>Pages that are open ask every few seconds, and every upstream is two questions: so long an answer is good.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(1);

    /// <summary>And so much longer for each upstream: a thousand of them cost no more in a minute than a hundred.</summary>
    private static readonly TimeSpan LifetimeOfEach = TimeSpan.FromMilliseconds(10);

    /// <summary>The state of an upstream whose grains did not answer in time.</summary>
    public const string Unknown = "unknown";

    /// <summary>How long the grains of one upstream may take.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private Asked? _asked;

    public async Task List(HttpContext context) =>
        await AdminReply.Json(context, await Describe(context.RequestAborted), OperationsJson.Default.UpstreamStatusArray);

    /// <summary>Every upstream, by name, as it is or was a second ago; of a thousand, eleven seconds.</summary>
    public Task<UpstreamStatus[]> Describe(CancellationToken cancellation)
    {
        var asked = Volatile.Read(ref _asked);
        if (asked is null || asked.Answer.IsFaulted || asked.Version != configuration.Current.Version
            || (asked.Answer.IsCompleted && time.GetElapsedTime(asked.At) >= LifetimeOf(configuration.Current)))
        {
            asked = new Asked(time.GetTimestamp(), configuration.Current.Version, Ask(CancellationToken.None));
            Volatile.Write(ref _asked, asked);
        }

        return asked.Answer.WaitAsync(cancellation);
    }

    private static TimeSpan LifetimeOf(ConfigurationSnapshot current) =>
        Lifetime + (current.Configuration.Upstreams.Count * LifetimeOfEach);

    private Task<UpstreamStatus[]> Ask(CancellationToken cancellation)
    {
        var upstreams = configuration.Current.Configuration.Upstreams.Values.OrderBy(upstream => upstream.Name, StringComparer.Ordinal);
        return Task.WhenAll(upstreams.Select(upstream => TryDescribe(upstream, cancellation)));
    }

    private async Task<UpstreamStatus> TryDescribe(UpstreamConfiguration upstream, CancellationToken cancellation)
    {
        try
        {
            return await Describe(upstream, cancellation).WaitAsync(Patience, time, cancellation);
        }
        catch (Exception) when (!cancellation.IsCancellationRequested)
        {
            return new UpstreamStatus
            {
                Upstream = upstream.Name, Credential = upstream.Credentials.Type, Scheme = Unknown, Breaker = "closed", State = Unknown,
            };
        }
    }

    /// <summary>The credential of the upstream, with the account that it belongs to and the breakers of the gateways.</summary>
    private async Task<UpstreamStatus> Describe(UpstreamConfiguration upstream, CancellationToken cancellation)
    {
        var status = await grains.GetGrain<IUpstreamStatusGrain>(upstream.Name).Describe(cancellation);
        var account = await grains.GetGrain<IUpstreamAccountGrain>(UpstreamAccountName.Of(upstream)).Describe(cancellation);
        return status with { Account = account, Breaker = account.OpenBreakers > 0 ? "open" : status.Breaker };
    }

    private sealed record Asked(long At, string Version, Task<UpstreamStatus[]> Answer);
}
