using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Administration;

/// <summary>The last hour of a tenant or upstream.</summary>
/// <param name="Name">Whose.</param>
/// <param name="Since">From when on all is counted: an hour ago, or when the silo that counts began.</param>
/// <param name="End">When the last point ends; it is not over yet.</param>
/// <param name="Seconds">How long each point is.</param>
/// <param name="Series">By the name of the number: its points, the oldest first.</param>
public sealed record HourOfActivity(
    string Name, DateTimeOffset Since, DateTimeOffset End, int Seconds, IReadOnlyDictionary<string, IReadOnlyList<double>> Series)
{
    private static readonly string[] OfTenant = ["requests", "refused", "errors", "pulls", "sent", "received"];
    private static readonly string[] OfUpstream = ["requests", "failures", "refused", "seconds"];

    /// <summary>What the numbers are called, in their order.</summary>
    public static IReadOnlyList<string> Numbers(ActivityKind kind) => kind == ActivityKind.Tenant ? OfTenant : OfUpstream;

    /// <summary>The points of a history, by the name of their number.</summary>
    public static HourOfActivity Of(ActivityKind kind, ActivityHistory history)
    {
        var names = Numbers(kind);
        return new HourOfActivity(history.Name, history.Since, history.End, history.Seconds, names.Index().ToDictionary(
            name => name.Item,
            name => (IReadOnlyList<double>)[.. history.Points.Where((_, i) => i % names.Count == name.Index)]));
    }
}
