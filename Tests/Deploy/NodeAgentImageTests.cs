using System.Text.RegularExpressions;
using RegistryProxy.Tests.Support.Kubernetes;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Deploy;

/// <summary>The image of the installer: its program runs in it, and on the nodes that it is copied to.</summary>
public sealed partial class NodeAgentImageTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(Manifests.Deploy, "nodeagent", "Dockerfile"));

    [Fact]
    public void What_is_linked_on_a_distribution_runs_on_the_same_one()
    {
        var stages = Stage().Matches(Text).ToDictionary(match => match.Groups["name"].Value, match => match.Groups["image"].Value);
        Assert.Equal(["", "build", "sdk"], stages.Keys.Order());
        Assert.StartsWith($"{stages["build"]}-", $"{stages[""]}-");
        var last = Text[Text.LastIndexOf("FROM ", StringComparison.Ordinal)..];
        Assert.All(new[] { "util-linux-core", "openssl-libs", "ca-certificates" }, package => Assert.Contains(package, last));
    }

    [Fact]
    public async Task The_build_fails_when_the_program_needs_a_later_glibc_than_the_documents_say()
    {
        var version = Floor().Match(Text).Groups[1].Value;
        var root = Path.GetDirectoryName(Manifests.Deploy)!;
        Assert.Contains($"is linked with glibc {version}:", await File.ReadAllTextAsync(Path.Combine(root, "docs/nodeagent/install.md")));
        Assert.Contains("sh /src/deploy/nodeagent/glibc.sh /out/RegistryProxy.NodeAgent \"$GLIBC\"", Text);
        Assert.Contains("!deploy/nodeagent/glibc.sh", await File.ReadAllLinesAsync(Path.Combine(root, ".dockerignore")));

        using var folder = new TemporaryFolder();
        var program = folder.Write("program", "\0GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.4\0GLIBC_PRIVATE\0");
        (await Check(program, "2.34")).ShouldSucceed();
        (await Check(program, "2.100")).ShouldSucceed();
        (await Check(program, "2.9")).ShouldFail($"{program} needs glibc 2.34; nodes may have 2.9");
        (await Check(folder.Write("text", "no program"), "2.34")).ShouldFail("names no version of glibc");
    }

    private static Task<ShellResult> Check(string program, string version) =>
        Shell.Run("sh", [Path.Combine(Manifests.Deploy, "nodeagent", "glibc.sh"), program, version]);

    [GeneratedRegex(@"^FROM \$\{BASE_IMAGE:-(?<image>[^}]+)\}(?: AS (?<name>\w+))?$", RegexOptions.Multiline)]
    private static partial Regex Stage();

    [GeneratedRegex(@"^ARG GLIBC=([0-9.]+)$", RegexOptions.Multiline)]
    private static partial Regex Floor();
}
