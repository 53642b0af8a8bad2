using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>Every platform and target: installed twice, edited by hand, upgraded by the platform, and undone.</summary>
public sealed class InstallMatrixTests
{
    public static TheoryData<string, string> Everything =>
        [.. FakeNode.WithK3s.SelectMany(platform => FakeNode.TargetsOf(platform).Select(target => (platform, target)))];

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task Installed_twice_and_undone_a_node_is_as_before(string platform, string target)
    {
        using var node = FakeNode.Of(platform);
        var before = node.Snapshot();
        Assert.Equal(0, await node.Install(target, dryRun: true));
        Assert.Empty(node.Differences(before));

        Assert.True(await node.Install(target) == 0, node.Said.ToString());
        var installed = node.Snapshot();
        node.Systemd.Commands.Clear();
        Assert.Equal(0, await node.Install(target));
        Assert.Contains("is in place already", node.Said.ToString());
        Assert.DoesNotContain(node.Systemd.Commands, command => command.Contains("restart"));
        Assert.Empty(node.Differences(installed));

        Assert.Equal(0, await node.Uninstall(target));
        Assert.Empty(node.Differences(before));
        Assert.Equal(0, await node.Uninstall(target));
        Assert.Contains("is not installed", node.Said.ToString());
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task What_people_write_into_the_files_stays_and_ours_goes(string platform, string target)
    {
        foreach (var edit in (Func<string, string, string>[])[Commented, Crlf, Indented])
        {
            using var node = FakeNode.Of(platform);
            var before = node.Snapshot();
            Assert.Equal(0, await node.Install(target));
            var changed = node.Snapshot().Where(file => before.TryGetValue(file.Key, out var text) && text != file.Value)
                .Select(file => file.Key).ToList();
            foreach (var file in changed)
            {
                node.Write(file, edit(file, node.Read(file)));
            }

            Assert.True(await node.Uninstall(target) == 0, node.Said.ToString());
            Assert.Empty(node.Named());
            Assert.True(node.Systemd.KubeletRuns);
            foreach (var file in changed)
            {
                Assert.Equal(edit(file, before[file][(before[file].IndexOf('|') + 1)..]), node.Read(file), ignoreAllWhiteSpace: true,
                    ignoreLineEndingDifferences: true);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task A_file_that_the_platform_wrote_anew_is_the_new_truth(string platform, string target)
    {
        using var node = FakeNode.Of(platform);
        var before = node.Snapshot();
        Assert.Equal(0, await node.Install(target));
        foreach (var file in node.Snapshot().Where(file => before.TryGetValue(file.Key, out var text) && text != file.Value)
            .Select(file => file.Key))
        {
            using var fresh = FakeNode.Of(platform);
            node.Write(file, Upgraded(file, fresh.Read(file)));
        }

        Assert.True(await node.Install(target) == 0, node.Said.ToString());
        Assert.Equal(0, await node.Uninstall(target));
        Assert.Empty(node.Named());
        foreach (var (file, text) in node.Snapshot().Where(file => file.Value != before[file.Key]))
        {
            using var fresh = FakeNode.Of(platform);
            Assert.EndsWith(Upgraded(file, fresh.Read(file)), text);
        }
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task Files_alone_are_finished_by_a_run_with_services(string platform, string target)
    {
        using var node = FakeNode.Of(platform);
        var before = node.Snapshot();
        Assert.Equal(0, await node.Install(target, services: false));
        Assert.Empty(node.Systemd.Commands);
        Assert.Equal(target is "image-service" or "containerd-mirror",
            File.Exists(node.At("/etc/systemd/system/multi-user.target.wants/registryproxy-nodeagent.service")));

        Assert.Equal(0, await node.Install(target));
        Assert.Equal(target is "image-service" or "containerd-mirror", node.Systemd.AgentRuns);
        Assert.Equal(target is "image-service" or "credential-provider", node.Systemd.Commands.Exists(
            command => command is "systemctl restart kubelet" or "systemctl restart --no-block k3s-agent"));
        Assert.Equal(0, await node.Uninstall(target));
        Assert.Empty(node.Differences(before));
    }

    private static string Commented(string file, string text) =>
        file.EndsWith(".json") || file.EndsWith(".conf") ? text.Replace("{", "{ ", StringComparison.Ordinal)
            : $"{text}{(text.EndsWith('\n') ? "" : "\n")}# reviewed\n";

    private static string Crlf(string file, string text) => text.Replace("\r\n", "\n").Replace("\n", "\r\n");

    private static string Indented(string file, string text) => file.EndsWith(".json") ? text.Replace("\n", "\n   ") : text;

    private static string Upgraded(string file, string text) =>
        file.EndsWith(".json") ? text.Replace("\": \"", "\":  \"") : $"{text}{(text.EndsWith('\n') ? "" : "\n")}# upgraded\n";
}
