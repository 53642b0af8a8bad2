using System.Globalization;
using System.Text.Json.Nodes;
using RegistryProxy.Background;

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

    /// <summary>How often a node tries to hand on its turn.</summary>
    private const int MaxReleases = 5;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(3);

    /// <summary>How often a node that is at it says so.</summary>
    private static readonly TimeSpan RenewEvery = TimeSpan.FromMinutes(1);

    /// <summary>
    /// What leases said, and since when they have said the same: nodes' clocks differ, so a lease is over when it has been left alone for
    /// long enough, whatever moment it names.
    /// </summary>
    private readonly Dictionary<string, (string Said, TimeSpan Since)> _seen = [];

    private string? _held;

    /// <summary>
    /// Runs what restarts kubelet in this node's turn, and anything else at once. A turn is handed on when it went well, and so is one
    /// that is this node's from before, when nothing is left to restart.
    /// </summary>
    /// <returns>The exit code of the run.</returns>
    /// <exception cref="IOException">
    /// The API server did not let this node take its turn, or hand it on; started again, it tries once more.
    /// </exception>
    public async Task<int> Run(Func<bool> restartsKubelet, Func<Task<int>> run, CancellationToken cancellation)
    {
        var restarts = restartsKubelet();
        if (restarts)
        {
            await Take(cancellation);
        }

        var result = restarts ? await RunRenewing(run, cancellation) : await run();
        try
        {
            if (result == 0)
            {
                await (restarts ? Release(cancellation) : HandOn(cancellation));
            }
        }
        catch (IOException fault) when (!restarts)
        {
            // A node that needs nothing of the API server does not wait for it.
            output.WriteLine($"could not release the lease that this node still holds: {fault.Message}");
        }

        return result;
    }

    /// <summary>Goes on to say that this node is at it, as long as it is.</summary>
    private async Task<int> RunRenewing(Func<Task<int>> run, CancellationToken cancellation)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var renewing = Renew(over.Token);
        try
        {
            return await run();
        }
        finally
        {
            await over.CancelAsync();
            await renewing;
        }
    }

    private async Task Renew(CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(RenewEvery, time, over);
                if (await leases.Read(_held!, over) is { } lease && HolderOf(lease) == node)
                {
                    lease["spec"]!["renewTime"] = Now();
                    await leases.Write(_held!, lease, isNew: false, over);
                }
            }
            catch (OperationCanceledException) when (over.IsCancellationRequested)
            {
                return;
            }
            catch (IOException fault)
            {
                output.WriteLine($"the turn of this node is not renewed yet: {fault.Message}");
            }
        }
    }

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
        for (var tries = 1; ; tries++)
        {
            try
            {
                await HandOn(cancellation);
                return;
            }
            catch (IOException fault) when (tries < MaxReleases)
            {
                output.WriteLine($"could not release the lease yet; retrying: {fault.Message}");
                await Task.Delay(Pause, time, cancellation);
            }
        }
    }

    private async Task HandOn(CancellationToken cancellation)
    {
        var places = _held is null ? count.Of(count.IsShare ? await leases.CountNodes(name, cancellation) : 0) : 1;
        for (var index = 0; index < places; index++)
        {
            var held = _held ?? $"{name}-{index}";
            if (await leases.Read(held, cancellation) is { } lease && HolderOf(lease) == node)
            {
                lease["spec"]!["holderIdentity"] = "";
                if (!await leases.Write(held, lease, isNew: false, cancellation))
                {
                    throw new IOException($"the lease {held} was written by somebody else meanwhile");
                }
            }
        }

        _held = null;
    }

    private async Task<bool> TryTake(string lease, bool mine, CancellationToken cancellation)
    {
        var known = await leases.Read(lease, cancellation);
        var holder = known is null ? null : HolderOf(known);
        if (mine ? holder != node : known is not null && holder is { Length: > 0 } && !IsOver(lease, known))
        {
            return false;
        }

        var now = Now();
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

    private string Now() => time.GetUtcNow().UtcDateTime.ToString(Format, CultureInfo.InvariantCulture);

    private bool IsOver(string name, JsonObject lease)
    {
        var (said, now) = ($"{HolderOf(lease)} {lease["spec"]?["renewTime"]}", time.GetSteadyNow());
        if (_seen.GetValueOrDefault(name).Said != said)
        {
            _seen[name] = (said, now);
        }

        return now - _seen[name].Since > Length;
    }
}
