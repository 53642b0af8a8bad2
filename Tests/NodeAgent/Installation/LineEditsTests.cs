using RegistryProxy.NodeAgent.Installation.Edits;
using RegistryProxy.NodeAgent.Installation.Merging;
using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.Tests.Support;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>Whatever people do to the lines of a file with ours in it, ours comes out, or the file is refused with the reason.</summary>
public sealed class LineEditsTests
{
    private const int Seed = 20261;
    private const string Flag = "--image-service-endpoint";

    private static readonly ProviderEntry[] Entries = [new("registryproxy-credential-provider", ["a.example"], null, false),
        new("registryproxy-credential-provider-2", ["b.example"], "aud", true)];

    private static readonly string[] Strange = ["", "...", "---", "\\", "{", "}", "\"", "'", "# c", "[host.\"x\"]", "[[host]]",
        "providers:", "- name: z", "\t", "[Service]", "imageServiceEndpoint:", "=", "KUBELET_FLAGS=", ":"];

    private static readonly Dictionary<string, (Edit Edit, string File, string? Text)> Kinds = new()
    {
        ["config"] = (new KubeletEndpoint("t", "unix:///x", null), "config.yaml", "kind: K\na:\n- b\n"),
        ["config in place"] = (
            new KubeletEndpoint("t", "unix:///x", "unix:///o", ": 'unix:///o'"), "config.yaml",
            "kind: K\nimageServiceEndpoint: 'unix:///o'\n"),
        ["config of JSON"] = (new KubeletEndpoint("t", "unix:///x", null), "config.json", "{\n  \"kind\": \"K\",\n  \"a\": [ 1 ]\n}\n"),
        ["providers"] = (new Providers("t", Entries), "providers.yaml", "kind: C\nproviders:\n- name: x\n  args:\n  - a\n# end\n"),
        ["providers of JSON"] = (
            new Providers("t", Entries), "providers.json", "{\n\t\"providers\": [\n\t\t{\n\t\t\t\"name\": \"x\"\n\t\t}\n\t]\n}\n"),
        ["own providers"] = (new Providers("t", Entries), "providers.yaml", null),
        ["hosts"] = (
            new MirrorHost("t", "gcr.io", new Uri("http://127.0.0.1:5005"), "X-Mirror", "s"), "hosts.toml",
            "server = \"https://gcr.io\"\n[host.\"https://o\"]\n  capabilities = [\n    \"pull\"]\n"),
        ["own hosts"] = (new MirrorHost("t", "gcr.io", new Uri("http://127.0.0.1:5005"), "X-Mirror", "s"), "hosts.toml", null),
        ["helpers"] = (new DockerHelpers("t", ["a.example"]), "config.json", "{\n\t\"auths\": {\n\t\t\"x\": {}\n\t}\n}"),
        ["flags"] = (
            new KubeletFlag("t", "KUBELET_FLAGS", Flag, "unix:///x", null), "kubelet", "# c\nKUBELET_FLAGS=\"--a=b \\\n  --c d\"\nX=1\n"),
        ["unit"] = (
            new KubeletFlag("t", "ExecStart", Flag, "unix:///x", "unix:///o", $"{Flag} unix:///o"), "kubelet.service",
            $"[Unit]\nA=b\n[Service]\nExecStart=/usr/bin/kubelet \\\n  {Flag} unix:///o \\\n  --v=2\n"),
    };

    public static TheoryData<string> Names => [.. Kinds.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Ours_comes_out_or_the_file_is_refused(string kind)
    {
        var (edit, file, text) = Kinds[kind];
        var with = edit.Put(text, file);
        var random = new Random(Seed);
        var taken = 0;
        for (var round = 0; round < Sizes.Of(500, 20_000); round++)
        {
            var changed = Enumerable.Range(0, random.Next(1, 4)).Aggregate(with, (lines, _) => Changed(random, lines));
            try
            {
                Assert.False(edit.IsIn(edit.Take(changed, file), file), changed);
                _ = edit.IsEmpty(edit.Take(changed, file), file);
                taken++;
            }
            catch (InstallRefusal refusal)
            {
                Assert.Contains(file, refusal.Message);
            }
            catch (Exception fault) when (fault is ArgumentException or InvalidOperationException or NullReferenceException)
            {
                Assert.Fail($"{fault}\n{changed}");
            }
        }

        Assert.True(taken > 50);
    }

    private static string Changed(Random random, string text)
    {
        var lines = text.Split('\n').ToList();
        var (at, other) = (random.Next(lines.Count), random.Next(lines.Count));
        switch (random.Next(8))
        {
            case 0: lines.RemoveAt(at); break;
            case 1: lines.Insert(at, lines[at]); break;
            case 2: (lines[at], lines[other]) = (lines[other], lines[at]); break;
            case 3: lines.Insert(at, Strange[random.Next(Strange.Length)]); break;
            case 4: lines[at] = $"  {lines[at]}"; break;
            case 5: lines[at] = lines[at].TrimStart(); break;
            case 6: lines[at] += random.Next(2) == 0 ? " # note" : "\r"; break;
            default: return text[..random.Next(text.Length + 1)];
        }

        return string.Join('\n', lines);
    }
}
