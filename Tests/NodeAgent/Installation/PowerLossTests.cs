using System.Text.RegularExpressions;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Running;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>
/// Power that fails at any moment: what a file of kubelet's names is on the disk before the file is, and goes from the disk after it. Told
/// by what the real program asks the kernel for.
/// </summary>
[Campaign]
public sealed partial class PowerLossTests
{
    private static readonly string[] Kubelets = ["/var/lib/kubelet/config.yaml", "/etc/eks/image-credential-provider/config.json"];

    public static TheoryData<string> Platforms => [.. FakeNode.WithK3s];

    [Theory]
    [InlineData("kubeadm", "image-service")]
    [InlineData("eks", "credential-provider")]
    public async Task What_is_named_is_on_the_disk_before_it_is_named_and_until_it_is_not(string platform, string target)
    {
        using var node = FakeNode.Of(platform);
        using var folder = new TemporaryFolder();
        var settings = folder.Write("nodeagent.yaml", node.Settings);
        var installed = await Trace(node, folder, ["install", "--target", target, "--files-only", "--config", settings]);
        Assert.Contains(installed, call => Kubelets.Contains(call.To));
        ShouldBeOnTheDisk(node.Root, installed, call => Kubelets.Contains(call.To));

        var removed = await Trace(node, folder, ["uninstall", "--target", target, "--files-only"]);
        Assert.Contains(removed, IsEndOfProgram);
        ShouldBeOnTheDisk(node.Root, removed, IsEndOfProgram);
    }

    [Theory]
    [MemberData(nameof(Platforms))]
    public async Task A_node_that_boots_after_any_step_has_its_kubelet(string platform)
    {
        foreach (var target in FakeNode.TargetsOf(platform).Where(target => target != "docker-helper"))
        {
            // There a file of flags comes and goes together with the list that the flags name.
            var isWhole = Sizes.Full || (platform == "kubeadm" && target == "credential-provider");
            var random = new Random((platform + target).Sum(letter => letter));
            for (var (step, isOver) = (0, false); !isOver; step += isWhole ? 1 : random.Next(10, 30))
            {
                isOver = await BootAfter(platform, target, step, isEnd: false) & await BootAfter(platform, target, step, isEnd: true);
            }
        }
    }

    /// <summary>Whether an installation, or its end, was over before that step.</summary>
    private static async Task<bool> BootAfter(string platform, string target, int step, bool isEnd)
    {
        using var node = FakeNode.Of(platform);
        var before = node.Snapshot();
        if (isEnd)
        {
            Assert.True(await node.Install(target) == 0, $"{platform}, {target}: {node.Said}");
        }

        node.KillBefore(step);
        var isOver = await IsOver(() => isEnd ? node.Uninstall(target) : node.Install(target));
        node.Boot();
        Assert.True(node.Systemd.KubeletRuns, $"{platform}, {target}: no kubelet after step {step} of {(isEnd ? "the end" : "it")}");
        Assert.True(await node.Uninstall(target) == 0, $"{platform}, {target}, after step {step}: {node.Said}");
        Assert.Empty(node.Differences(before));
        return isOver;
    }

    private static async Task<bool> IsOver(Func<Task<int>> run)
    {
        try
        {
            return await run() == 0;
        }
        catch (KilledException)
        {
            return false;
        }
    }

    private static bool IsEndOfProgram(Call call) =>
        call is { Name: "unlink" } && call.From.EndsWith("/registryproxy-nodeagent", StringComparison.Ordinal);

    /// <summary>Programs and links: nothing but kubelet's files names them, so they may go late.</summary>
    private static bool IsNamedByOthers(Call call) => IsEndOfProgram(call)
        || Path.GetFileName(call.From).StartsWith("registryproxy-credential-provider", StringComparison.Ordinal);

    /// <summary>Before the first call of a kind, and at the end, every name is on the disk; a file is before it gets one.</summary>
    private static void ShouldBeOnTheDisk(string root, IReadOnlyList<Call> calls, Func<Call, bool> kind)
    {
        HashSet<string> files = [], folders = [];
        var isBegun = false;
        foreach (var call in calls)
        {
            if (!isBegun && kind(call))
            {
                isBegun = true;
                Assert.DoesNotContain(folders, folder => !folder.StartsWith("/etc/systemd/", StringComparison.Ordinal));
            }

            switch (call.Name)
            {
                case "fsync":
                    files.Add(call.From);
                    folders.Remove(call.From);
                    break;
                case "rename" when call.From.EndsWith(".registryproxy-new", StringComparison.Ordinal) && !call.IsLink:
                    Assert.Contains(call.From, files);
                    goto default;
                case "unlink" when IsNamedByOthers(call):
                    break;
                default:
                    folders.Add(Path.GetDirectoryName(call.To.Length > 0 ? call.To : call.From)!);
                    break;
            }
        }

        Assert.True(isBegun);
        Assert.DoesNotContain(folders, folder => Directory.Exists(root + folder));
    }

    private static async Task<IReadOnlyList<Call>> Trace(FakeNode node, TemporaryFolder folder, string[] command)
    {
        var log = folder.File("calls");
        (await Shell.Run("strace",
        [
            "-qq", "-f", "-y", "-s", "4096", "-e", "trace=rename,unlink,symlink,fsync", "-e", "status=successful", "-o", log, "dotnet",
            Agent.Dll, .. command, "--root", node.Root,
        ])).ShouldSucceed();
        HashSet<string> links = [];
        List<Call> calls = [];
        foreach (var match in (await File.ReadAllLinesAsync(log)).Select(line => Written().Match(line)).Where(match => match.Success))
        {
            var (name, first, second) = (match.Groups["name"].Value, match.Groups["first"].Value, match.Groups["second"].Value);
            if (name == "symlink")
            {
                links.Add(second);
            }
            else if (first.StartsWith(node.Root, StringComparison.Ordinal))
            {
                var (from, to) = (first[node.Root.Length..], second.Length > 0 ? second[node.Root.Length..] : "");
                calls.Add(new Call(name, from, to, links.Contains(first)));
            }
        }

        return [.. calls.Where(call => !call.From.StartsWith("/run/", StringComparison.Ordinal)
            && !(call.Name == "unlink" && call.From.EndsWith(".registryproxy-new", StringComparison.Ordinal)))];
    }

    [GeneratedRegex("""(?<name>rename|unlink|symlink|fsync)\((?:"|\d+<)(?<first>[^">]+)[">](?:, "(?<second>[^"]+)")?""",
        RegexOptions.NonBacktracking)]
    private static partial Regex Written();

    /// <summary>A call to the kernel, by paths of the node.</summary>
    private sealed record Call(string Name, string From, string To, bool IsLink);
}
