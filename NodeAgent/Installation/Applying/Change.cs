using RegistryProxy.Background;
using RegistryProxy.NodeAgent.Installation.Plans;
using RegistryProxy.NodeAgent.Installation.Platforms;
using RegistryProxy.NodeAgent.Installation.Records;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>
/// Makes a node what a record says that was written before; every step looks at what is there, so that it can be taken again.
/// </summary>
internal sealed class Change(Node node, bool services)
{
    /// <summary>How long the watcher is waited for; it goes on without anybody, and the next run waits for it again.</summary>
    public static readonly TimeSpan WatchTimeout = TimeSpan.FromMinutes(6);

    private const string StillRuns =
        "kubelet runs with what an earlier run of this change wrote, and needs the agent until it is restarted: run the same command again";

    private const int MostWatchers = 2;

    /// <summary>How often systemd is asked whether the watcher still runs.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    private readonly CleanUp _cleanUp = new(node, services);

    /// <summary>Why the very same change is not tried again; <c>null</c> when it may be.</summary>
    public string? FailedBefore(string target, NodeRecord desired, bool retry) =>
        services && !retry && desired.KubeletIsPending && WhyFailed(target, desired) is { } words
            ? $"this change failed on this node before: {words}\nkubelet was not restarted; use --retry to try it once more, or change "
                + $"the settings"
            : null;

    /// <summary>Whether the node is what it should be; otherwise it is what it was.</summary>
    public async Task<bool> Make(string target, NodeRecord record, CancellationToken cancellation)
    {
        try
        {
            node.Files.PutAgent(record, copyProgram: true);
            if (services && record.NeedsAgent() && await StartAgent(record, cancellation) is { } failure)
            {
                await GoBack(record, "the agent does not serve", "everything was put back and kubelet was not touched", failure);
                return false;
            }

            record = record with { AgentIsPending = record.AgentIsPending && !services };
            node.Store.Write(record);
            node.Files.PutActing(record);
        }
        catch (IOException fault)
        {
            await GoBack(record, "a file could not be written", "everything was put back", fault.Message);
            return false;
        }

        var restarts = services && record is { KubeletIsPending: true, KubeletIsStopped: false };
        if (restarts ? !await KubeletFollows(target, record, cancellation) : !await KubeletWillFollow(record))
        {
            return false;
        }

        if (restarts && record.Targets.Count > 0 && Platform.Of(record.Platform, node.Host).RewritesAtBoot)
        {
            // What people take out of this running node from now on stays out until it boots.
            new Reapplying(node.Host).MarkDone();
        }

        await _cleanUp.Run(record with
        {
            KubeletIsPending = record.KubeletIsPending && !restarts, Former = null,
            KubeletHasRead = record.KubeletHasRead || restarts,
        }, other: record.Former?.Listen);
        return true;
    }

    private async Task<string?> StartAgent(NodeRecord record, CancellationToken cancellation)
    {
        var runs = !record.AgentIsPending && await node.Services.IsActive(AgentUnit.Name);
        try
        {
            await (runs ? Task.CompletedTask : node.Services.StartAgent());
        }
        catch (IOException fault)
        {
            return fault.Message;
        }

        // kubelet is not restarted for an agent that hangs, whoever started it.
        return record.Target(InstallTarget.ImageService) is null || (runs && !record.KubeletIsPending) ? null
            : await node.ProbeImageService(record.Listen!, cancellation);
    }

    /// <summary>A kubelet that does not run reads everything when it is started, by the units of then.</summary>
    private async Task<bool> KubeletWillFollow(NodeRecord record)
    {
        if (!services || !record.KubeletIsPending)
        {
            return true;
        }

        try
        {
            await node.Services.Reload();
        }
        catch (IOException fault)
        {
            await GoBack(record, "systemd did not read its units", "everything was put back", fault.Message);
            return false;
        }

        node.Output.WriteLine("kubelet does not run on this node and was not started: it reads the change when it is started");
        return true;
    }

    private async Task<bool> KubeletFollows(string target, NodeRecord record, CancellationToken cancellation)
    {
        var result = RecordStore.ResultOf(target);
        if (await Watched(target, record, cancellation) is { } failure)
        {
            if (record.KubeletHasRead || node.Store.Read().KubeletHasRead)
            {
                node.Output.WriteLine($"{StillRuns}: {failure}");
                return false;
            }

            await (WhyFailed(target, record) is null
                ? GoBack(record, "nothing would watch kubelet", "everything was put back and kubelet was not restarted", failure)
                : GoBack(record, "the change failed", "everything was put back", failure));
            return false;
        }

        var (words, isIncomplete) = KubeletWatch.Read(node.Host.Read(result)
            ?? $"the watcher has not said how it ended; see journalctl -u {WatchUnit(target)}, and run this again");
        if (words != KubeletWatch.Good)
        {
            node.Output.WriteLine(words);
        }

        if (words != KubeletWatch.Good && node.Host.Exists(result) && !isIncomplete && node.Store.Read() is { KubeletHasRead: false } back)
        {
            await _cleanUp.Run(back with { Former = null }, record.Listen, failed: true);
        }

        return words == KubeletWatch.Good;
    }

    /// <summary>What a watcher noted of this very change; <c>null</c> when it did not fail.</summary>
    private string? WhyFailed(string target, NodeRecord record) =>
        node.Host.Read(RecordStore.FailureOf(target))?.Split('\n', 2) is [var print, var words]
            && print == Fingerprint.Of(record) ? words : null;

    private static string WatchUnit(string target) => $"registryproxy-watch-{target}";

    /// <summary>
    /// Has kubelet watched until the watcher says how it ended, or its time is over; one that ends without a word, as one that cannot be
    /// run, is started once more. Why nobody watches; <c>null</c> otherwise.
    /// </summary>
    private async Task<string?> Watched(string target, NodeRecord record, CancellationToken cancellation)
    {
        // What an earlier run failed of says nothing of this one.
        node.Host.DeleteFile(RecordStore.FailureOf(target));
        for (var watchers = 1; ; watchers++)
        {
            if (await WhyUnwatched(target, record) is { } failure)
            {
                return failure;
            }

            if (await Waited(target, cancellation))
            {
                return null;
            }

            if (WhyFailed(target, record) is { } undone)
            {
                // It ended while it put everything back: another one would take that for the change.
                return undone;
            }

            if (watchers == MostWatchers)
            {
                return $"the watcher ended without a word, {watchers} times; see journalctl -u {WatchUnit(target)}";
            }
        }
    }

    /// <summary>Waits for the watcher. Whether it has said how it ended, or runs on.</summary>
    private async Task<bool> Waited(string target, CancellationToken cancellation)
    {
        var (result, now) = (RecordStore.ResultOf(target), node.Time.GetSteadyNow());
        for (var (end, look) = (now + WatchTimeout, now); !node.Host.Exists(result) && now < end; now = node.Time.GetSteadyNow())
        {
            if (now >= look)
            {
                if (await node.Services.HasEnded(WatchUnit(target)) && !node.Host.Exists(result))
                {
                    return false;
                }

                look = now + LookEvery;
            }

            await Task.Delay(Pause, node.Time, cancellation);
        }

        return true;
    }

    /// <summary>Starts the watcher. Why it could not be; <c>null</c> when it runs, whatever the call that started it said.</summary>
    private async Task<string?> WhyUnwatched(string target, NodeRecord record)
    {
        var (result, program, unit) = (RecordStore.ResultOf(target), record.Programs[0], WatchUnit(target));
        try
        {
            if (!node.Host.Exists(program))
            {
                node.Program.CopyTo(node.Host, program, keepFormer: false);
            }

            node.Host.DeleteFile(result);
            await node.Services.Detach(unit, program, "watch", "--target", target);
            return null;
        }
        catch (IOException fault)
        {
            return await node.Services.IsStarted(unit) || node.Host.Exists(result) ? null : fault.Message;
        }
    }

    private async Task GoBack(NodeRecord record, string what, string outcome, string why)
    {
        var back = Planner.Back(node.Host, record);
        node.Store.TryWrite(back);
        IReadOnlyList<string> left = [.. node.Files.PutAgentBack(back), .. node.Files.PutActingBack(back)];
        node.Output.WriteLine(
            left.Count == 0 ? $"{what}, so {outcome}: {why}" : KubeletWatch.LeftAfter($"{what}: {why}", left));
        if (services && back.NeedsAgent())
        {
            try
            {
                await node.Services.StartAgent();
                back = back with { AgentIsPending = false };
            }
            catch (IOException fault)
            {
                node.Output.WriteLine($"the agent of before does not start either: {fault.Message}");
            }
        }

        if (record.KubeletHasRead)
        {
            node.Output.WriteLine(StillRuns);
        }

        if (left.Count > 0 || record.KubeletHasRead)
        {
            return;
        }

        // kubelet was not restarted since: what it reads is what it was started with.
        await _cleanUp.Run(
            back with { Former = null, KubeletIsPending = record.Former?.KubeletIsPending == true }, record.Listen, failed: true);
    }
}
