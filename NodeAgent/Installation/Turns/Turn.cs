using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using RegistryProxy.Background;
using RegistryProxy.NodeAgent.Installation.Requests;

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

    /// <summary>By how much the pause between two questions grows.</summary>
    private const double Growth = 1.5;

    /// <summary>How many places are tried before the leases are listed again.</summary>
    private const int Tries = 3;

    private const string Waiting = "other nodes restart their kubelet now; this one waits for its turn";

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(3);

    /// <summary>How long a node pauses at most between two questions, half as long again by chance.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>How often a node that is at it says so.</summary>
    private static readonly TimeSpan RenewEvery = TimeSpan.FromMinutes(1);

    /// <summary>
    /// What leases said, and since when they have said the same: nodes' clocks differ, so a lease is over when it has been left alone for
    /// long enough, whatever moment it names.
    /// </summary>
    private readonly Dictionary<string, (string Said, TimeSpan Since)> _seen = [];

    private string? _held;

    /// <summary>
    /// Runs what restarts kubelet in this node's turn, and anything else at once. A turn is handed on when it went well or was refused, and
    /// so is one that is this node's from before, when nothing is left to restart.
    /// </summary>
    /// <returns>The exit code of the run.</returns>
    /// <exception cref="IOException">
    /// The API server did not let this node take its turn, or hand it on; started again, it tries once more.
    /// </exception>
    /// <exception cref="InstallRefusal">
    /// The run was refused before it changed anything: the node is as it was, and no other waits for it.
    /// </exception>
    public async Task<int> Run(bool restarts, Func<Task<int>> run, CancellationToken cancellation)
    {
        if (restarts)
        {
            await Take(cancellation);
        }

        var result = await RunOrHandOn(restarts, run, cancellation);
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

    private async Task<int> RunOrHandOn(bool restarts, Func<Task<int>> run, CancellationToken cancellation)
    {
        try
        {
            return restarts ? await RunRenewing(run, cancellation) : await run();
        }
        catch (InstallRefusal) when (restarts)
        {
            try
            {
                await Release(cancellation);
            }
            catch (IOException fault)
            {
                output.WriteLine($"could not release the lease that this node still holds: {fault.Message}");
            }

            throw;
        }
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

    /// <summary>
    /// Waits until it is this node's turn: rarely where many wait, at moments of its own, and as long as the API server may come to answer.
    /// </summary>
    /// <exception cref="IOException">It does not permit this node to ask.</exception>
    public async Task Take(CancellationToken cancellation)
    {
        string? said = null;
        for (var pause = Pause; ; pause = pause * Growth < LongestPause ? pause * Growth : LongestPause)
        {
            var words = Waiting;
            try
            {
                if (await TryTake(cancellation))
                {
                    return;
                }
            }
            catch (IOException fault) when (fault is not DeniedException)
            {
                words = $"this node waits for its turn: {fault.Message}";
            }

            if (said != words)
            {
                output.WriteLine(said = words);
            }

            await Task.Delay(Jittered(pause), time, cancellation);
        }
    }

    /// <summary>Between half of a pause and one and a half: nodes that were started together do not go on asking together.</summary>
    private static TimeSpan Jittered(TimeSpan pause) => (pause / 2) + (pause * (RandomNumberGenerator.GetInt32(0, 1000) / 1000d));

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
        IEnumerable<KeyValuePair<string, JsonObject>> held =
            _held is { } one ? await leases.Read(one, cancellation) is { } mine ? [KeyValuePair.Create(one, mine)] : []
            : (await leases.List(cancellation)).Where(entry => IsOfTurns(entry.Key));
        foreach (var (place, lease) in held.Where(entry => HolderOf(entry.Value) == node).ToList())
        {
            lease["spec"]!["holderIdentity"] = "";
            if (!await leases.Write(place, lease, isNew: false, cancellation))
            {
                throw new IOException($"the lease {place} was written by somebody else meanwhile");
            }
        }

        _held = null;
    }

    private bool IsOfTurns(string lease) => lease.StartsWith($"{name}-", StringComparison.Ordinal)
        && lease.AsSpan(name.Length + 1) is { IsEmpty: false } number && !number.ContainsAnyExceptInRange('0', '9');

    /// <summary>Takes the place that this node has from before, or else one that is free.</summary>
    private async Task<bool> TryTake(CancellationToken cancellation)
    {
        var places = count.Of(count.IsShare ? await leases.CountNodes(name, cancellation) : 0);
        var known = await leases.List(cancellation);
        var free = Enumerable.Range(0, places).Select(index => $"{name}-{index}")
            .Select(place => (Place: place, Lease: known.GetValueOrDefault(place)))
            .Select(one => (one.Place, one.Lease, IsMine: one.Lease is not null && HolderOf(one.Lease) == node))
            .Where(one => IsFree(one.Place, one.Lease) || one.IsMine).OrderBy(one => one.IsMine ? 0 : 1).ToList();
        for (var tries = 0; tries < Tries && free.Count > 0; tries++)
        {
            // Whoever lost the first one has many beside him: they do not all go for the second.
            var index = tries == 0 ? 0 : RandomNumberGenerator.GetInt32(free.Count);
            if (await Write(free[index].Place, free[index].Lease, cancellation))
            {
                _held = free[index].Place;
                return true;
            }

            free.RemoveAt(index);
        }

        return false;
    }

    private async Task<bool> Write(string place, JsonObject? known, CancellationToken cancellation)
    {
        var now = Now();
        var taken = known ?? new JsonObject
        {
            ["apiVersion"] = "coordination.k8s.io/v1", ["kind"] = "Lease", ["metadata"] = new JsonObject { ["name"] = place },
        };
        taken["spec"] = new JsonObject
        {
            ["holderIdentity"] = node, ["leaseDurationSeconds"] = (int)Length.TotalSeconds, ["acquireTime"] = now, ["renewTime"] = now,
        };
        return await leases.Write(place, taken, isNew: known is null, cancellation);
    }

    private bool IsFree(string place, JsonObject? lease) => lease is null || HolderOf(lease) is not { Length: > 0 } || IsOver(place, lease);

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
