using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>
/// The table of <c>docs/nodeagent/install.md</c> says what an installation does to the roots that these tests install on.
/// </summary>
public sealed class InstallTableTests
{
    private static readonly string Page = Path.Combine(
        new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName, "docs", "nodeagent", "install.md");

    private static readonly string[] Own = ["/etc/registryproxy", "/var/lib/registryproxy", "/opt/registryproxy/bin",
        "/etc/systemd/system/registryproxy-nodeagent", "/run"];

    [Fact]
    public async Task Every_row_is_what_happens()
    {
        List<string> rows = ["| platform | target | files of others that change | files that are added | kubelet |",
            "|---|---|---|---|---|"];
        foreach (var platform in FakeNode.Platforms)
        {
            foreach (var target in (string[])["image-service", "credential-provider", "containerd-mirror", "docker-helper"])
            {
                rows.Add(await Row(platform, target));
            }
        }

        var table = string.Join('\n', rows);
        Assert.True((await File.ReadAllTextAsync(Page)).Contains(table, StringComparison.Ordinal), $"the page should say\n{table}");
    }

    private static async Task<string> Row(string platform, string target)
    {
        using var node = FakeNode.Of(platform);
        var before = node.Snapshot();
        Assert.Equal(0, await node.Install(target));
        var files = node.Snapshot().Where(file => file.Value != "folder" && before.GetValueOrDefault(file.Key) != file.Value)
            .Select(file => file.Key).ToList();
        var changed = files.Where(before.ContainsKey).ToList();
        var added = files.Except(changed)
            .Where(file => !Own.Any(own => file.StartsWith(own, StringComparison.Ordinal))
                && !file.EndsWith("/registryproxy-nodeagent", StringComparison.Ordinal)
            && !file.EndsWith(".wants/registryproxy-nodeagent.service", StringComparison.Ordinal));
        return $"| {platform} | {target} | {Names(changed)} | {Names(added)} | " +
            $"{(node.Systemd.Commands.Contains("systemctl restart kubelet") ? "restarted, watched" : "–")} |";
    }

    private static string Names(IEnumerable<string> files) =>
        string.Join(", ", files.Select(file => $"`{file}`")) is { Length: > 0 } names ? names : "–";
}
