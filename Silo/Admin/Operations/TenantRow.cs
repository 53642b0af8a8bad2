using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Silo.Admin.Operations;

/// <summary>What a tenant was served: counts, or counts per second.</summary>
internal sealed record TenantNumbers(double Requests, double Refused, double Errors, double Pulls, double Sent, double Received)
{
    public static TenantNumbers None { get; } = new(0, 0, 0, 0, 0, 0);

    public static TenantNumbers Of(IReadOnlyList<double> numbers) =>
        new(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]);
}

/// <summary>A tenant in a list.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Hosts">Where it answers.</param>
/// <param name="IsUsable">Whether its hosts are served; else its part of the configuration has errors and they answer 503.</param>
/// <param name="Errors">How many errors its part of the configuration has now.</param>
/// <param name="PerSecond">In the last whole minute.</param>
/// <param name="LastHour">In the last hour.</param>
internal sealed record TenantRow(
    string Name, IReadOnlyList<string> Hosts, bool IsUsable, int Errors, TenantNumbers PerSecond, TenantNumbers LastHour)
{
    /// <summary>The part of requests that end in server errors from which on that is told.</summary>
    private const double MuchOfAll = 0.05;

    /// <summary>Requests of the last hour, in thirty points of two minutes.</summary>
    public IReadOnlyList<double> Requests { get; init; } = [];

    /// <summary>How much is wrong: 3 for not served, then errors of its configuration, server errors, and 0 for nothing.</summary>
    public int Trouble => !IsUsable ? 3 : Errors > 0 ? 2 : LastHour.Errors > LastHour.Requests * MuchOfAll ? 1 : 0;

    public static TenantRow Of(TenantConfiguration tenant, Activity? activity, int errors) => new(
        tenant.Name, tenant.Hosts, !tenant.IsUnusable, errors,
        activity is null ? TenantNumbers.None : TenantNumbers.Of(activity.PerSecond),
        activity is null ? TenantNumbers.None : TenantNumbers.Of(activity.LastHour));
}
