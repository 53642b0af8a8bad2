using System.Globalization;
using RegistryProxy.Background;
using RegistryProxy.NodeAgent.Installation.Plans;

namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>What systemd is asked to do on the node.</summary>
internal sealed class NodeServices(IHostCommands commands)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    public async Task<bool> IsActive(string unit) => (await commands.Run("systemctl", "is-active", "--quiet", unit)).ExitCode == 0;

    /// <summary>Whether a unit runs, or is on its way to: one that starts again and again counts, too.</summary>
    public async Task<bool> IsStarted(string unit) =>
        (await commands.Run("systemctl", "is-active", unit)).Words.Trim() is "active" or "activating" or "reloading";

    /// <summary>Whether a unit runs no more, for certain: systemd that does not answer says nothing.</summary>
    public async Task<bool> HasEnded(string unit) =>
        (await commands.Run("systemctl", "is-active", unit)).Words.Trim() is "inactive" or "failed" or "unknown";

    /// <summary>Whether a unit can be started, and whether it was.</summary>
    public async Task<UnitState> StateOf(string unit)
    {
        var (_, words) = await commands.Run(
            "systemctl", "show", "--property=LoadState,ActiveState,ActiveEnterTimestampMonotonic", unit);
        string? Property(string name) => words.Split('\n').Select(line => line.Trim().Split('=', 2)).FirstOrDefault(
            line => line.Length == 2 && line[0] == name)?[1];
        return new UnitState(
            Property("LoadState"), Property("ActiveState"),
            long.TryParse(Property("ActiveEnterTimestampMonotonic"), NumberStyles.None, CultureInfo.InvariantCulture, out var micros)
                ? TimeSpan.FromMicroseconds(micros) : null);
    }

    /// <summary>Whether a unit stays up; one that was started a moment ago is given time to show it.</summary>
    public async Task<bool> IsSteady(string unit, WatchTimes times, TimeProvider time, CancellationToken cancellation)
    {
        for (var end = time.GetSteadyNow() + times.Within; ; await Task.Delay(LookEvery, time, cancellation))
        {
            var state = await StateOf(unit);
            if (state.HasRun(times.Steady, time))
            {
                return true;
            }

            if (!state.IsStarted || time.GetSteadyNow() >= end)
            {
                return false;
            }
        }
    }

    /// <summary>The main process of a unit that is active, as systemd knows it; <c>null</c> for a unit that is not.</summary>
    public async Task<string?> MainProcess(string unit) =>
        await IsActive(unit) ? (await commands.Run("systemctl", "show", "--property=MainPID", unit)).Words.Trim() : null;

    public async Task StartAgent()
    {
        await Reload();
        await MustRun("systemctl", "enable", AgentUnit.Name);
        await MustRun("systemctl", "restart", AgentUnit.Name);
    }

    /// <summary>Stops the agent, whose unit is gone already; one that does not run is fine.</summary>
    public async Task StopAgent()
    {
        await Reload();
        var (exitCode, words) = await commands.Run("systemctl", "stop", AgentUnit.Name);
        if (exitCode != 0 && !words.Contains("not loaded", StringComparison.Ordinal))
        {
            throw new IOException($"`systemctl stop {AgentUnit.Name}` ended with {exitCode}: {words.Trim()}");
        }
    }

    public Task Reload() => MustRun("systemctl", "daemon-reload");

    /// <summary>Restarts a unit, and waits for it no longer than a command may take.</summary>
    public Task Restart(string unit) => MustRun("systemctl", "restart", unit);

    /// <summary>Has a unit restarted that may take as long as it likes (<c>TimeoutStartSec=0</c>).</summary>
    public Task BeginRestart(string unit) => MustRun("systemctl", "restart", "--no-block", unit);

    /// <summary>Runs a program of the node outside of kubelet's reach, and does not wait for it.</summary>
    public Task Detach(string unit, params string[] command) => MustRun(["systemd-run", "--collect", $"--unit={unit}", .. command]);

    private async Task MustRun(params string[] command)
    {
        var (exitCode, words) = await commands.Run(command);
        if (exitCode != 0)
        {
            throw new IOException($"`{string.Join(' ', command)}` ended with {exitCode}: {words.Trim()}");
        }
    }
}
