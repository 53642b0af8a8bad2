using System.Text.Json;
using System.Text.RegularExpressions;
using RegistryProxy.Tests.Support.Kubernetes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Deploy;

/// <summary>
/// The images of the hosts: those of <c>deploy/Dockerfile</c> and those that the .NET SDK makes run as the same user, with the same
/// environment and listeners, and <c>health</c> is what their health checks say.
/// </summary>
public sealed class ImageTests
{
    private static readonly string Root = Path.GetDirectoryName(Manifests.Deploy)!;
    private static readonly string Dockerfile = File.ReadAllText(Path.Combine(Manifests.Deploy, "Dockerfile"));
    private static readonly string Bake = File.ReadAllText(Path.Combine(Manifests.Deploy, "docker-bake.hcl"));

    [Fact]
    public void The_build_file_makes_images_that_are_not_root_and_tell_their_health()
    {
        Assert.Contains("\nUSER 10001:10001\n", Dockerfile);
        Assert.Contains("\nHEALTHCHECK ", Dockerfile);
        Assert.Contains("RegistryProxy.$HOST.dll health", Dockerfile);
        Assert.Contains("FROM --platform=${BUILDPLATFORM:-linux}", Dockerfile);
        Assert.DoesNotMatch(@"(?m)^(ADD|RUN chmod|VOLUME)\b", Dockerfile[Dockerfile.LastIndexOf("\nFROM ", StringComparison.Ordinal)..]);
    }

    [Fact]
    public void All_of_them_are_made_for_both_platforms_with_what_they_consist_of()
    {
        Assert.Contains("platforms = [\"linux/amd64\", \"linux/arm64\"]", Bake);
        Assert.Contains("attest    = [\"type=sbom\", \"type=provenance,mode=max\"]", Bake);
        var targets = Regex.Match(Bake, "targets = \\[(.*)\\]").Groups[1].Value.Split(", ").Select(name => name.Trim('"')).ToList();
        Assert.Equal(["silo", "gateway", "standalone"], targets);
        Assert.All(targets.Append("nodeagent"), target => Assert.Matches($@"(?s)target ""{target}"" \{{\s+inherits   = \[""image""\].*?\}}", Bake));
        Assert.All(Regex.Matches(Bake, "dockerfile = \"(.*)\"").Select(match => match.Groups[1].Value),
            file => Assert.True(File.Exists(Path.Combine(Root, file)), file));
    }

    [Theory]
    [InlineData("Silo")]
    [InlineData("Gateway")]
    [InlineData("Standalone")]
    public async Task The_sdk_makes_the_same_image(string host)
    {
        var told = await Shell.Run("dotnet",
        [
            "msbuild", Path.Combine(Root, host), "-nologo", "-getProperty:ContainerUser,ContainerRepository,ContainerImageFormat",
            "-getItem:ContainerEnvironmentVariable,ContainerPort",
        ]);
        told.ShouldSucceed();
        using var answer = JsonDocument.Parse(told.Output);
        var (properties, items) = (answer.RootElement.GetProperty("Properties"), answer.RootElement.GetProperty("Items"));
        Assert.Equal(Regex.Match(Dockerfile, "(?m)^USER (.*)$").Groups[1].Value, properties.GetProperty("ContainerUser").GetString());
        Assert.Equal($"registryproxy-{host.ToLowerInvariant()}", properties.GetProperty("ContainerRepository").GetString());
        Assert.Equal("OCI", properties.GetProperty("ContainerImageFormat").GetString());
        var variables = items.GetProperty("ContainerEnvironmentVariable").EnumerateArray()
            .Select(item => $"{item.GetProperty("Identity").GetString()}={item.GetProperty("Value").GetString()}");
        Assert.Equal(
            Regex.Match(Dockerfile, "(?m)^ENV HOST=\\S+ (.*)$").Groups[1].Value.Split(' ').Order(), variables.Order());
        Assert.Equal(Regex.Match(Dockerfile, "(?m)^EXPOSE (.*)$").Groups[1].Value.Split(' '),
            items.GetProperty("ContainerPort").EnumerateArray().Select(item => item.GetProperty("Identity").GetString()!));
    }

    [Fact]
    public async Task Health_says_whether_the_host_is_ready()
    {
        await using var door = await FrontDoor.Start(DoorConfiguration.Single("http://127.0.0.1:9"));
        var ready = await Shell.Run("dotnet", [FrontDoor.Dll, "health", "--listen-admin", door.AdminUrl]);
        ready.ShouldSucceed();
        Assert.Contains("\"ready\":true", ready.Output);
        using var folder = new TemporaryFolder();
        var away = folder.Write(
            "away.yaml", $"listen: {{ admin: \"http://0.0.0.0:{FreePort.Next()}\" }}\nadmin: {{ token: {{ value: x }} }}\n");
        var silent = await Shell.Run("dotnet", [FrontDoor.Dll, "health", "--config", away]);
        silent.ShouldFail("/readyz does not answer");
        Assert.Contains("http://127.0.0.1:", silent.Output);
    }

    [Theory]
    [InlineData("listen: { admin: \"ADMIN\", dta: 1 }\nadmn: { }\n")]
    [InlineData("revision: 2\nlisten:\n  admin: ADMIN\nupstreams:\n  hub: { url: \"https://a\n")]
    [InlineData("upstreams: [ ]\nlisten: { admin: \"ADMIN\" }\ntenants:\n\tacme: { }\n")]
    public async Task A_file_that_was_broken_since_does_not_make_a_host_unhealthy(string text)
    {
        await using var door = await FrontDoor.Start(DoorConfiguration.Single("http://127.0.0.1:9"));
        using var folder = new TemporaryFolder();
        var broken = folder.Write("broken.yaml", text.Replace("ADMIN", door.AdminUrl.TrimEnd('/')));
        (await Shell.Run("dotnet", [FrontDoor.Dll, "health", "--config", broken])).ShouldSucceed();
    }
}
