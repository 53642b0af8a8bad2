namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>
/// Restarts kubelet and watches it from outside of its reach. A kubelet that is not active for a while within the time it is given gets its old
/// configuration back: a node must not be lost to an installation.
/// </summary>
internal sealed class KubeletWatch(HostFiles host, TimeSpan steady, TimeSpan within, TimeProvider time)
{
    public const string Good = "ok";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public async Task<int> Run(string target, CancellationToken cancellation)
    {
        var (records, commands) = (new InstallRecords(host), new HostCommands(host));
        string result;
        if (await Restart(commands) && await BecomesSteady(commands, cancellation))
        {
            result = Good;
        }
        else
        {
            if (records.Read(target) is { } record)
            {
                new FileApplier(host, records).Undo(record);
            }

            await Restart(commands);
            result = $"kubelet was not active for {steady.TotalSeconds:0} s within {within.TotalSeconds:0} s, so everything was put back as it was; see journalctl -u kubelet";
        }

        host.Write(InstallRecords.ResultOf(target), result, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return result == Good ? 0 : 1;
    }

    private static async Task<bool> Restart(HostCommands commands)
    {
        try
        {
            await commands.Systemctl("daemon-reload");
            await commands.Systemctl("restart", "kubelet");
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private async Task<bool> BecomesSteady(HostCommands commands, CancellationToken cancellation)
    {
        var end = time.GetUtcNow() + within;
        DateTimeOffset? since = null;
        while (time.GetUtcNow() < end)
        {
            since = await commands.IsActive("kubelet") ? since ?? time.GetUtcNow() : null;
            if (since is { } active && time.GetUtcNow() - active >= steady)
            {
                return true;
            }

            await Task.Delay(Pause, time, cancellation);
        }

        return false;
    }
}
