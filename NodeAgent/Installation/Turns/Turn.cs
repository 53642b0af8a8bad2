using System.Globalization;
using System.Text.Json.Nodes;

namespace RegistryProxy.NodeAgent.Installation.Turns;

/// <summary>
/// Nodes restart their kubelet one after the other, or a few at a time: whoever does holds a lease. A node on which it failed keeps its
/// lease while it tries, so that the others wait for somebody to look at it.
/// </summary>
/// <param name="leases">The leases.</param>
/// <param name="name">The DaemonSet; the leases are called by it, and a number follows.</param>
/// <param name="count">How many nodes may be at it at a time.</param>
/// <param name="node">This node.</param>
internal sealed class Turn(LeaseApi leases, string name, TurnCount count, string node, TextWriter output, TimeProvider time)
{
    /// <summary>For how long a node that is not heard of any more holds up the others.</summary>
    public static readonly TimeSpan Length = TimeSpan.FromMinutes(10);

    private const string Format = "yyyy-MM-ddTHH:mm:ss.ffffffZ";

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(3);

    private string? _held;

    /// <summary>Waits until it is this node's turn.</summary>
    public async Task Take(CancellationToken cancellation)
    {
        for (var said = false; ; await Task.Delay(Pause, time, cancellation))
        {
            var places = count.Of(count.IsShare ? await leases.CountNodes(name, cancellation) : 0);

            // The lease that this node has from before comes first.
            foreach (var mine in (bool[])[true, false])
            {
                for (var index = 0; index < places && _held is null; index++)
                {
                    _held = await TryTake($"{name}-{index}", mine, cancellation) ? $"{name}-{index}" : null;
                }
            }

            if (_held is not null)
            {
                return;
            }

            if (!said)
            {
                output.WriteLine("other nodes restart their kubelet now; this one waits for its turn");
                said = true;
            }
        }
    }

    /// <summary>Lets the next node have its turn.</summary>
    public async Task Release(CancellationToken cancellation)
    {
        if (_held is { } held && await leases.Read(held, cancellation) is { } lease && HolderOf(lease) == node)
        {
            lease["spec"]!["holderIdentity"] = "";
            await leases.Write(held, lease, isNew: false, cancellation);
        }
    }

    private async Task<bool> TryTake(string lease, bool mine, CancellationToken cancellation)
    {
        var known = await leases.Read(lease, cancellation);
        var holder = known is null ? null : HolderOf(known);
        if (mine ? holder != node : known is not null && holder is { Length: > 0 } && !IsOver(known))
        {
            return false;
        }

        var now = time.GetUtcNow().UtcDateTime.ToString(Format, CultureInfo.InvariantCulture);
        var taken = known ?? new JsonObject
        {
            ["apiVersion"] = "coordination.k8s.io/v1", ["kind"] = "Lease", ["metadata"] = new JsonObject { ["name"] = lease },
        };
        taken["spec"] = new JsonObject
        {
            ["holderIdentity"] = node, ["leaseDurationSeconds"] = (int)Length.TotalSeconds, ["acquireTime"] = now, ["renewTime"] = now,
        };
        return await leases.Write(lease, taken, isNew: known is null, cancellation);
    }

    private static string? HolderOf(JsonObject lease) => lease["spec"]?["holderIdentity"]?.GetValue<string>();

    private bool IsOver(JsonObject lease) =>
        !DateTimeOffset.TryParse(
            lease["spec"]?["renewTime"]?.GetValue<string>(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var renewed)
        || renewed + Length < time.GetUtcNow();
}
