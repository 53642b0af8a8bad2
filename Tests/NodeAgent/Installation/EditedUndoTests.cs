using System.Text;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Running;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>
/// People and their tools write above, below and among what this program put into their files: undone, a file is to the byte what the same
/// edits would have made of it without this program, wherever an installation or its end was killed.
/// </summary>
[Campaign]
public sealed class EditedUndoTests
{
    public static TheoryData<string> Platforms => [.. FakeNode.WithK3s];

    [Theory]
    [MemberData(nameof(Platforms))]
    public async Task Edits_of_people_are_all_that_is_left(string platform)
    {
        var targets = FakeNode.TargetsOf(platform);
        for (var seed = 1; seed <= Sizes.Of(15, 400); seed++)
        {
            await Undo(platform, targets[seed % targets.Length], new Random(seed));
        }
    }

    private static async Task Undo(string platform, string target, Random random)
    {
        using var node = FakeNode.Of(platform);
        Prepare(node, random);
        node.Systemd.StartKubelet();
        var before = node.Snapshot();
        Assert.True(await node.Install(target) == 0, $"{platform}, {target}: {node.Said}");
        var expected = new SortedDictionary<string, string>(before, StringComparer.Ordinal);
        foreach (var file in node.Snapshot().Where(file => before.TryGetValue(file.Key, out var text) && text != file.Value)
            .Select(file => file.Key))
        {
            var mode = before[file].Split('|')[0];
            var (text, now) = (Text(before[file]), node.ReadBytes(file));
            for (var edits = random.Next(1, 4); edits > 0; edits--)
            {
                (text, now) = Edited(random, file, text, now);
            }

            node.WriteBytes(file, now);
            expected[file] = $"{mode}|{text}";
        }

        if (random.Next(2) == 0)
        {
            node.KillBefore(random.Next(25));
            await Killed(() => random.Next(2) == 0 ? node.Uninstall(target) : node.Install(target));
        }

        Assert.True(await node.Uninstall(target) == 0, $"{platform}, {target}: {node.Said}");
        var differences = string.Join('\n', node.Differences(expected));
        Assert.True(differences.Length == 0, $"{platform}, {target}: {differences}");
    }

    /// <summary>Files as people have them: without an end of the last line, with the ends of Windows, with a mark.</summary>
    private static void Prepare(FakeNode node, Random random)
    {
        if (random.Next(3) == 0 && !node.Exists("/etc/default/kubelet"))
        {
            node.Write("/etc/default/kubelet", "# of the installation\nOTHER=1\n");
        }

        if (random.Next(3) == 0)
        {
            node.Write("/root/.docker/config.json", random.Next(2) == 0
                ? "{\n\t\"credHelpers\": {},\n\t\"psFormat\": \"x\"\n}" : "{\"credHelpers\": {\"docker.acme.example\": \"pass\", \"x\": \"y\"}}\n");
        }

        foreach (var file in node.Snapshot().Where(file => file.Value.Contains('|') && !file.Key.Contains("/bin/")).Select(file => file.Key))
        {
            var text = Encoding.Latin1.GetString(Encoding.Latin1.GetBytes(node.ReadBytes(file)));
            text = random.Next(3) == 0 ? text.TrimEnd('\n') : text;
            node.WriteBytes(file, random.Next(5) == 0 ? text.Replace("\r\n", "\n").Replace("\n", "\r\n") : text);
        }
    }

    private static async Task Killed(Func<Task<int>> run)
    {
        try
        {
            await run();
        }
        catch (KilledException)
        {
            // As was meant.
        }
    }

    private static string Text(string described) => described[(described.IndexOf('|') + 1)..];

    /// <summary>One edit, of a file as it was and of the same with ours in it, where both say the same.</summary>
    private static (string, string) Edited(Random random, string file, string before, string now)
    {
        var ours = Ours(before, now);
        var starts = Enumerable.Range(0, before.Length).Where(at => at != ours && (at == 0 || before[at - 1] == '\n')
            && Takes(before, at) && (at < ours || now.EndsWith(before[at..], StringComparison.Ordinal))).ToList();
        if (starts.Count == 0)
        {
            return (before, now);
        }

        var start = starts[random.Next(starts.Count)];
        var end = before.IndexOf('\n', start) is >= 0 and var next ? next : before.Length;
        var isJson = file.EndsWith(".json", StringComparison.Ordinal) || before.StartsWith('{');
        var line = $"{(isJson || random.Next(2) == 0 ? "" : $"# note {random.Next(100)}")}{(before.Contains("\r\n") ? "\r" : "")}\n";
        return string.IsNullOrWhiteSpace(before[start..end]) && end < before.Length && (end < ours || start > ours) && random.Next(2) == 0
            ? Both(before, now, ours, start, text => text[(end + 1 - start)..])
            : Both(before, now, ours, start, text => line + text);
    }

    /// <summary>Changes what begins at a place of both.</summary>
    private static (string, string) Both(string before, string now, int ours, int at, Func<string, string> change)
    {
        var other = at < ours ? at : at + now.Length - before.Length;
        return (before[..at] + change(before[at..]), now[..other] + change(now[other..]));
    }

    /// <summary>Whether a line may stand above another: not in the middle of one that goes on.</summary>
    private static bool Takes(string text, int at) => !text[..at].TrimEnd('\n', '\r').EndsWith('\\');

    /// <summary>Where ours begins.</summary>
    private static int Ours(string before, string now)
    {
        var at = 0;
        while (at < before.Length && at < now.Length && before[at] == now[at])
        {
            at++;
        }

        return at;
    }
}
