using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Running;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>
/// An end at any moment, kill -9, between any two changes of the disk and calls of the node: the next run goes on, and nothing is lost.
/// </summary>
[Campaign]
public sealed class InstallKillTests
{
    public static TheoryData<string> Platforms => [.. FakeNode.WithK3s];

    [Theory]
    [MemberData(nameof(Platforms))]
    public async Task An_installation_that_was_killed_anywhere_is_finished_by_the_next_and_undone_to_the_byte(string platform)
    {
        foreach (var target in FakeNode.TargetsOf(platform))
        {
            foreach (var step in Slice(await StepsOf(platform, target, node => node.Install(target)), platform, target))
            {
                using var node = FakeNode.Of(platform);
                var (before, service) = (node.Snapshot(), node.Systemd.ImageService);
                node.KillBefore(step);
                await Assert.ThrowsAsync<KilledException>(() => node.Install(target));

                Assert.True(await node.Install(target) == 0, $"{platform}, {target}, killed before step {step}: {node.Said}");
                ShouldServe(node, target);
                Assert.Equal(0, await node.Uninstall(target));
                ShouldBeAsBefore(node, before, service);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Platforms))]
    public async Task An_installation_that_was_killed_anywhere_is_undone_to_the_byte_without_being_finished(string platform)
    {
        foreach (var target in FakeNode.TargetsOf(platform))
        {
            var steps = await StepsOf(platform, target, node => node.Install(target));
            foreach (var step in Slice(steps, platform, target).Union(Enumerable.Range(0, 6)))
            {
                using var node = FakeNode.Of(platform);
                var (before, service) = (node.Snapshot(), node.Systemd.ImageService);
                node.KillBefore(step);
                await Assert.ThrowsAsync<KilledException>(() => node.Install(target));
                Assert.True(await node.Uninstall(target) == 0, $"{platform}, {target}, killed before step {step}: {node.Said}");
                ShouldBeAsBefore(node, before, service);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Platforms))]
    public async Task An_uninstallation_that_was_killed_anywhere_goes_on_or_turns_back(string platform)
    {
        foreach (var target in FakeNode.TargetsOf(platform))
        {
            foreach (var step in Slice(
                await StepsOf(platform, target, async node => await node.Install(target), node => node.Uninstall(target)),
                platform, target))
            {
                using var node = FakeNode.Of(platform);
                var (before, service) = (node.Snapshot(), node.Systemd.ImageService);
                await node.Install(target);
                node.KillBefore(step);
                await Assert.ThrowsAsync<KilledException>(() => node.Uninstall(target));

                if (step % 2 == 0)
                {
                    Assert.True(await node.Install(target) == 0, $"{platform}, {target}, killed before step {step}: {node.Said}");
                    ShouldServe(node, target);
                }

                Assert.True(await node.Uninstall(target) == 0, $"{platform}, {target}, killed before step {step}: {node.Said}");
                ShouldBeAsBefore(node, before, service);
            }
        }
    }

    [Theory]
    [InlineData("eks-soci-kubelet-config")]
    [InlineData("kubeadm")]
    public async Task A_second_target_and_new_settings_that_were_killed_anywhere_reach_every_place(string platform)
    {
        async Task<int> Upgrade(FakeNode node)
        {
            (node.Settings, node.Program) = (node.Settings.Replace("/run/registryproxy/", "/run/rp2/"), "the agent, second version");
            return await node.Install("credential-provider");
        }

        foreach (var step in Slice(await StepsOf(platform, "two", node => node.Install("image-service"), Upgrade), platform, "two"))
        {
            using var node = FakeNode.Of(platform);
            var (before, service) = (node.Snapshot(), node.Systemd.ImageService);
            await node.Install("image-service");
            node.KillBefore(step);
            await Assert.ThrowsAsync<KilledException>(() => Upgrade(node));

            Assert.Equal(0, await node.Install("credential-provider"));
            Assert.Equal("unix:///run/rp2/image.sock", node.Systemd.ImageService);
            Assert.True(node.Systemd.KubeletRuns && node.Systemd.AgentRuns);
            Assert.Equal(0, await node.Uninstall("image-service"));
            Assert.Equal(0, await node.Uninstall("credential-provider"));
            ShouldBeAsBefore(node, before, service);
        }
    }

    private static void ShouldServe(FakeNode node, string target)
    {
        Assert.True(node.Systemd.KubeletRuns);
        Assert.Equal(target is "image-service" or "containerd-mirror", node.Systemd.AgentRuns);
        if (target == "image-service")
        {
            Assert.Equal("unix:///run/registryproxy/image.sock", node.Systemd.ImageService);
        }
    }

    private static void ShouldBeAsBefore(FakeNode node, SortedDictionary<string, string> before, string? service)
    {
        Assert.Empty(node.Differences(before));
        Assert.True(node.Systemd.KubeletRuns);
        Assert.False(node.Systemd.AgentRuns);
        Assert.Equal(service, node.Systemd.ImageService);
    }

    /// <summary>How many steps the last of several runs takes.</summary>
    private static async Task<int> StepsOf(string platform, string target, params Func<FakeNode, Task<int>>[] runs)
    {
        using var node = FakeNode.Of(platform);
        foreach (var run in runs)
        {
            Assert.True(await run(node) == 0, $"{platform}, {target}: {node.Said}");
        }

        return node.Steps;
    }

    /// <summary>All steps, or a few that the names choose, the first and the last among them.</summary>
    private static IEnumerable<int> Slice(int steps, string platform, string target)
    {
        var random = new Random((platform + target).Sum(letter => letter));
        return Enumerable.Range(0, steps).Where(step => Sizes.Full || step == 0 || step == steps - 1 || random.Next(steps) < 5);
    }
}
