using RegistryProxy.Background;
using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Kubelet;
using RegistryProxy.NodeAgent.Installation.Plans;
using RegistryProxy.NodeAgent.Installation.Platforms;
using RegistryProxy.NodeAgent.Installation.Records;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>
/// Restarts kubelet and watches it from outside of its reach. A kubelet that is not active for a while within the time it is given, or that
/// uses something else than what was installed, gets its old configuration back: a node must not be lost to an installation, or to the end
/// of one.
/// </summary>
internal sealed class KubeletWatch(
    HostFiles host, NodeFiles files, IHostCommands commands, WatchTimes times, TimeProvider time, Func<Task<string?>> askKubelet)
{
    public const string Good = "ok";

    /// <summary>What is said of a kubelet that fails with and without a change.</summary>
    public const string KubeletWasDown =
        "kubelet did not stay up before this change either: mend it first, or have the node join its cluster; --files-only changes the "
            + "files and restarts nothing";

    /// <summary>
    /// The first line of a result after which the node is neither what it was nor what it should be: nothing may be removed then.
    /// </summary>
    private const string Incomplete = "incomplete";

    /// <summary>What stands for that line in the results of programs that do not write it: the one on a node may be an older one.</summary>
    private static readonly string[] IncompleteBefore = ["and not everything could be put back;", $"and {Left};"];

    private const string Left = "not everything could be restored";

    /// <summary>k3s and RKE2 start etcd and all that runs the cluster before their kubelet: how many times longer they are given.</summary>
    private const int WholeCluster = 5;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly NodeServices _services = new(commands);
    private readonly RecordStore _store = new(host);

    public async Task<int> Run(string target, CancellationToken cancellation)
    {
        var record = _store.Read();
        if (!record.IsChanging)
        {
            // systemd started it so late that the installation had given up by then.
            return 0;
        }

        var unit = record.KubeletUnit ?? KubeletUnit.Own;
        record = record with { KubeletHasRead = true };
        _store.TryWrite(record);
        var unheard = await Tried(_services.Reload);
        var down = unheard is null ? await Restart(unit) ?? await BecomesSteady(unit, cancellation) : null;

        // One that was down before is not asked to be up without the agent: its files name nothing of it any more.
        var isDownAnyway = record.KubeletWasDown && record.Target(target) is null;
        var failure = unheard ?? (isDownAnyway ? null : down) ?? await Otherwise(record);
        if (failure is null)
        {
            _store.Say(RecordStore.ResultOf(target), Good);
            return 0;
        }

        var words = $"{failure}, so everything was put back as it was; see journalctl -u {unit}"
            + (record.KubeletWasDown ? $"\n{KubeletWasDown}" : "");
        if (unheard is null)
        {
            _store.TrySay(RecordStore.FailureOf(target), $"{Fingerprint.Of(record)}\n{words}");
        }

        var left = await Back(record, unit);
        _store.TrySay(RecordStore.ResultOf(target), left.Count == 0 ? words : $"{Incomplete}\n{LeftAfter(failure, left)}");
        await (record.KubeletWasDown ? Forget(target) : Task.CompletedTask);
        return 1;
    }

    /// <summary>It was no failure of the change, which may be tried again as soon as kubelet is mended.</summary>
    private Task<string?> Forget(string target) => Tried(() =>
    {
        host.DeleteFile(RecordStore.FailureOf(target));
        return Task.CompletedTask;
    });

    /// <summary>A result in words for people, and whether the node was left between two states.</summary>
    public static (string Words, bool IsIncomplete) Read(string result)
    {
        var isMarked = result.StartsWith($"{Incomplete}\n", StringComparison.Ordinal);
        return (isMarked ? result[(Incomplete.Length + 1)..] : result,
            isMarked || Array.Exists(IncompleteBefore, text => result.Contains(text, StringComparison.Ordinal)));
    }

    /// <summary>What people are told when files did not go back.</summary>
    public static string LeftAfter(string failure, IEnumerable<string> left) =>
        $"{failure}, and {Left}; mend this, and run the same command again:\n{string.Join('\n', left)}";

    /// <summary>
    /// What kubelet needs goes back first, and kubelet last; programs are left to whoever cleans up. Returns what could not be put back.
    /// </summary>
    private async Task<IReadOnlyList<string>> Back(NodeRecord record, string unit)
    {
        var back = Planner.Back(host, record);
        _store.TryWrite(back);
        var left = files.PutAgentBack(back);
        if (back.NeedsAgent() && back.AgentIsPending && await Tried(_services.StartAgent) is null)
        {
            back = back with { AgentIsPending = false };
        }

        left = [.. left, .. files.PutActingBack(back)];
        if ((await Tried(_services.Reload) ?? await Restart(unit)) is null && left.Count == 0)
        {
            back = back with { KubeletIsPending = false, KubeletHasRead = false };
        }

        _store.TryWrite(back);
        return left;
    }

    private Task<string?> Restart(string unit) =>
        Tried(() => unit == KubeletUnit.Own ? _services.Restart(unit) : _services.BeginRestart(unit));

    private static async Task<string?> Tried(Func<Task> run)
    {
        try
        {
            await run();
            return null;
        }
        catch (IOException fault)
        {
            return fault.Message;
        }
    }

    private async Task<string?> Otherwise(NodeRecord record)
    {
        try
        {
            return KubeletCheck.Otherwise(host, record, await askKubelet());
        }
        catch (InstallRefusal refusal)
        {
            return refusal.Message;
        }
    }

    private async Task<string?> BecomesSteady(string unit, CancellationToken cancellation)
    {
        var within = unit == KubeletUnit.Own ? times.Within : times.Within * WholeCluster;
        var end = time.GetSteadyNow() + within;
        (string Process, TimeSpan Since)? active = null;
        for (; ; await Task.Delay(Pause, time, cancellation))
        {
            // One that ends and is started again between two looks is active at both.
            var process = await _services.MainProcess(unit);
            active = process is null ? null : process == active?.Process ? active : (process, time.GetSteadyNow());
            if (active is { Since: var since } && time.GetSteadyNow() - since >= times.Steady)
            {
                return null;
            }

            if (time.GetSteadyNow() >= end)
            {
                return $"kubelet was not active for {times.Steady.TotalSeconds:0} s within {within.TotalSeconds:0} s";
            }
        }
    }
}

/// <summary>How kubelet is watched.</summary>
/// <param name="Steady">For how long it must be active.</param>
/// <param name="Within">The time that it is given.</param>
internal sealed record WatchTimes(TimeSpan Steady, TimeSpan Within);
