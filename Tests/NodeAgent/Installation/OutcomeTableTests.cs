using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>
/// The table of outcomes in <c>docs/nodeagent/install.md</c> is what becomes of the roots that these tests install on: of each platform,
/// target and turn of events, to the byte.
/// </summary>
public sealed class OutcomeTableTests
{
    private const string Nothing = "–";

    private static readonly string Page = Path.Combine(
        new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName, "docs", "nodeagent", "install.md");

    private static readonly string[] Targets = FakeNode.TargetsOf("kubeadm");

    [Fact]
    public async Task Every_row_is_what_becomes_of_a_node()
    {
        List<(string Platform, string Target, string Outcome)> rows = [];
        foreach (var target in Targets)
        {
            foreach (var platform in FakeNode.Platforms.Concat(["k3s", "bottlerocket"]))
            {
                rows.Add((platform, target, await Outcome(platform, target)));
            }
        }

        List<string> lines =
        [
            "| target | platforms | install | install again | uninstall after an edit by hand | uninstall after the platform rewrote the files | "
                + "`kill -9` at any step of either, and the same again | uninstall |",
            "|---|---|---|---|---|---|---|---|",
        ];
        lines.AddRange(rows.GroupBy(row => (row.Target, row.Outcome)).Select(
            group => $"| {group.Key.Target} | {string.Join(", ", group.Select(row => row.Platform))} | {group.Key.Outcome} |"));
        var table = string.Join('\n', lines);
        Assert.True((await File.ReadAllTextAsync(Page)).Contains(table, StringComparison.Ordinal), $"the page should say\n{table}");
    }

    private static async Task<string> Outcome(string platform, string target)
    {
        using var node = FakeNode.Of(platform);
        var before = node.Snapshot();
        var installed = await Installed(node, target);
        if (installed is null)
        {
            Assert.Empty(node.Differences(before));
            return $"refused, no change | {Nothing} | {Nothing} | {Nothing} | {Nothing} | {Nothing}";
        }

        var again = await Again(node, target);
        var undone = await Undone(node, target, before);
        return $"{installed} | {again} | {await Edited(platform, target)} | {await Upgraded(platform, target)} | "
            + $"{await Killed(platform, target)} | {undone}";
    }

    private static async Task<string?> Installed(FakeNode node, string target)
    {
        try
        {
            Assert.True(await node.Install(target) == 0, node.Said.ToString());
        }
        catch (InstallRefusal)
        {
            return null;
        }

        Assert.True(node.Systemd.KubeletRuns);
        return Restarts(node) ? "kubelet restarted and using it" : "kubelet not restarted";
    }

    private static async Task<string> Again(FakeNode node, string target)
    {
        var installed = node.Snapshot();
        node.Systemd.Commands.Clear();
        Assert.Equal(0, await node.Install(target));
        return node.Differences(installed).Any() ? "changed" : Restarts(node) ? "kubelet restarted" : "no change";
    }

    private static async Task<string> Undone(FakeNode node, string target, SortedDictionary<string, string> before)
    {
        var code = await node.Uninstall(target);
        Assert.True(node.Systemd.KubeletRuns && !node.Systemd.AgentRuns);
        return code != 0 ? $"exit {code}" : node.Differences(before).Any() ? "changed" : "identical to before";
    }

    /// <summary>A comment, or a blank where there are none, in each file of others, and in ours that people may write into.</summary>
    private static async Task<string> Edited(string platform, string target)
    {
        using var node = FakeNode.Of(platform);
        var before = node.Snapshot();
        Assert.Equal(0, await node.Install(target));
        var edited = Written(node, before).ToDictionary(file => file, file => Edit(file, node.Read(file)));
        if (edited.Count == 0)
        {
            return Nothing;
        }

        foreach (var (file, text) in edited)
        {
            node.Write(file, text);
        }

        var code = await node.Uninstall(target);
        Assert.True(node.Systemd.KubeletRuns);
        if (code != 0 || node.Named().Any())
        {
            return $"exit {code}, still named in {string.Join(", ", node.Named())}";
        }

        var after = node.Snapshot();
        var others = edited.Keys.Where(before.ContainsKey).ToList();
        var isKept = others.Count > 0 ? others.TrueForAll(file => HasEdit(after, file)) ? "edit kept, our entries removed"
            : "our entries removed, edit lost" : null;
        return string.Join("; ", new[] { isKept, Ours([.. edited.Keys.Except(others)]) }.OfType<string>());

        string? Ours(List<string> files)
        {
            var left = files.Where(after.ContainsKey).ToList();
            Assert.All(left, file => Assert.True(HasEdit(after, file), file));
            return files.Count == 0 ? null : left.Count == 0 ? "our files removed with the edit"
                : $"of our files {string.Join(", ", left.Select(file => $"`{file}`"))} left with the edit";
        }
    }

    private static bool HasEdit(SortedDictionary<string, string> after, string file) => after.TryGetValue(file, out var described)
        && TextOf(described) is var text
        && (text.StartsWith("{ ", StringComparison.Ordinal) || text.Contains("# reviewed\n", StringComparison.Ordinal));

    private static async Task<string> Upgraded(string platform, string target)
    {
        using var node = FakeNode.Of(platform);
        var before = node.Snapshot();
        Assert.Equal(0, await node.Install(target));
        var anew = Written(node, before).Where(before.ContainsKey)
            .ToDictionary(file => file, file => Edit(file, TextOf(before[file])));
        if (anew.Count == 0)
        {
            return Nothing;
        }

        foreach (var (file, text) in anew)
        {
            node.Write(file, text);
        }

        Assert.Equal(0, await node.Uninstall(target));
        Assert.Empty(node.Named());
        return anew.All(file => node.Read(file.Key) == file.Value) ? "new text kept byte for byte" : "new text kept";
    }

    /// <summary>Every step in the long run, a few in the short one; <c>InstallKillTests</c> has the other ways on.</summary>
    private static async Task<string> Killed(string platform, string target)
    {
        using var whole = FakeNode.Of(platform);
        await whole.Install(target);
        var installing = whole.Steps;
        await whole.Uninstall(target);
        foreach (var (isEnd, steps) in new[] { (false, installing), (true, whole.Steps) })
        {
            for (var step = 0; step < steps; step += Sizes.Full ? 1 : Math.Max(1, (steps - 1) / 3))
            {
                if (await AfterKill(platform, target, step, isEnd) is { } otherwise)
                {
                    return $"{otherwise} after step {step} of {(isEnd ? "uninstall" : "install")}";
                }
            }
        }

        return "finished, then identical to before";
    }

    /// <summary>What is wrong after an end at a step; <c>null</c> for nothing.</summary>
    private static async Task<string?> AfterKill(string platform, string target, int step, bool isEnd)
    {
        using var node = FakeNode.Of(platform);
        var before = node.Snapshot();
        if (isEnd)
        {
            Assert.Equal(0, await node.Install(target));
        }

        node.KillBefore(step);
        await Assert.ThrowsAsync<KilledException>(() => isEnd ? node.Uninstall(target) : node.Install(target));
        var finished = isEnd || await node.Install(target) == 0;
        var isUp = node.Systemd.KubeletRuns || isEnd;
        return !finished ? "not finished" : !isUp ? "kubelet down" : await node.Uninstall(target) != 0 ? "not undone"
            : node.Differences(before).Any() ? "changed" : node.Systemd.KubeletRuns ? null : "kubelet down";
    }

    private static bool Restarts(FakeNode node) =>
        node.Systemd.Commands.Any(command => command.StartsWith("systemctl restart", StringComparison.Ordinal)
            && !command.EndsWith("nodeagent", StringComparison.Ordinal));

    /// <summary>Text files that an installation wrote, but its own settings and records.</summary>
    private static List<string> Written(FakeNode node, SortedDictionary<string, string> before) =>
    [
        .. node.Snapshot().Where(file => before.GetValueOrDefault(file.Key) != file.Value && file.Value.Contains('|')
            && !file.Key.StartsWith("/etc/registryproxy", StringComparison.Ordinal)
            && !file.Key.StartsWith("/var/lib/registryproxy", StringComparison.Ordinal)
            && TextOf(file.Value) != node.Program).Select(file => file.Key),
    ];

    private static string TextOf(string described) => described[(described.IndexOf('|') + 1)..];

    private static string Edit(string file, string text) => text.StartsWith('{') ? text.Replace("{", "{ ", StringComparison.Ordinal)
        : $"{text}{(text.EndsWith('\n') ? "" : "\n")}# reviewed\n";
}
