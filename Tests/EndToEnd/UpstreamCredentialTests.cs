using System.Net;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Where the credentials of an upstream come from: Docker's configuration and its helpers, in front of a real registry.</summary>
public sealed class UpstreamCredentialTests(Lab lab)
{
    private static string Pair(string password) => Convert.ToBase64String(Encoding.UTF8.GetBytes($"{DockerRegistry.User}:{password}"));

    [Fact]
    public async Task A_docker_config_opens_the_upstream_and_an_edit_heals_it()
    {
        var registry = await lab.BasicRegistry;
        using var folder = new TemporaryFolder();
        var host = new Uri(registry.Url).Authority;
        var file = folder.Write("config.json", Config(host, "wrong"));
        await using var door = await LeasedDoors.Take(
            DoorConfiguration.Single(registry.Url, $", credentials: {{ type: dockerConfig, file: {file} }}"));
        using var alice = door.Client("alice");
        Assert.Equal(HttpStatusCode.BadGateway, await StatusOf(alice));
        folder.Write("config.json", "nonsense");
        await Eventually.True(
            async () => await StatusOf(alice) == HttpStatusCode.BadGateway
                && (await door.Admin("/admin/upstreams")).Contains("is not a config.json"),
            "a broken file is no answer and operators read why");
        folder.Write("config.json", Config(host, DockerRegistry.Password));
        await Eventually.True(async () => await StatusOf(alice) == HttpStatusCode.NotFound, "the upstream is open",
            TimeSpan.FromSeconds(5));
        await alice.PushImage("docker-config/app", "v1", TestImage.Build(190, 10));
        Assert.DoesNotContain(DockerRegistry.Password, door.Log + await door.Admin("/admin/upstreams"));

        static string Config(string host, string password) => "{\"auths\":{\"" + host + "\":{\"auth\":\"" + Pair(password) + "\"}}}";
    }

    [Theory]
    [InlineData("{0}/docker-credential-test")]
    [InlineData("docker-credential-test")]
    [InlineData(null)]
    public async Task A_helper_is_run_once_for_many_who_ask(string? command)
    {
        var registry = await lab.BasicRegistry;
        using var folder = new TemporaryFolder();
        var calls = await WriteHelper(
            folder, $$"""printf '{"ServerURL":"x","Username":"{{DockerRegistry.User}}","Secret":"{{DockerRegistry.Password}}"}'""");
        var file = folder.Write("config.json", """{"credsStore":"test"}""");
        var credentials = command is null ? $"type: dockerConfig, file: {file}"
            : $"type: exec, command: {string.Format(command, folder.Path)}, lifetime: 10m";
        await using var door = await FrontDoor.Start(
            DoorConfiguration.Single(registry.Url, $", credentials: {{ {credentials} }}"), ("PATH",
                $"{folder.Path}:{Environment.GetEnvironmentVariable("PATH")}"));
        using var alice = door.Client("alice");
        await alice.Token(RegistryClient.Pull("none/app"));
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => StatusOf(alice)));
        Assert.All(answers, status => Assert.Equal(HttpStatusCode.NotFound, status));
        Assert.Equal([new Uri(registry.Url).Authority], await File.ReadAllLinesAsync(calls));
        Assert.DoesNotContain(DockerRegistry.Password, door.Log + await door.Admin("/admin/upstreams"));
    }

    [Fact]
    public async Task A_helper_is_asked_again_before_its_lifetime_ends_and_its_answer_serves_meanwhile()
    {
        await using var registry = await TokenRegistry.Start();
        using var folder = new TemporaryFolder();
        var calls = await WriteHelper(folder, """printf '{"ServerURL":"x","Username":"u","Secret":"s"}'""");
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var cluster = await GrainCluster.Start(Yaml(registry, folder), time: time);
        var grain = cluster.Client.GetGrain<IUpstreamTokenGrain>("up|repository:a/b:pull");
        Assert.NotNull((await grain.GetToken()).Token);
        time.Advance(TimeSpan.FromMinutes(9));
        await Eventually.True(
            async () => (await grain.GetToken()).Token is not null && (await File.ReadAllLinesAsync(calls)).Length == 2,
            "the helper was asked again, and its answer is in use");
        await WriteHelper(folder, "exit 3");
        time.Advance(TimeSpan.FromMinutes(9));
        Assert.NotNull((await grain.GetToken()).Token);
        time.Advance(TimeSpan.FromMinutes(20));
        await Eventually.True(async () => (await grain.GetToken()).Failure is not null, "the helper's end is noticed");
    }

    [Theory]
    [InlineData("exit 3", "ended with 3")]
    [InlineData("echo canary-output", "did not print a JSON object")]
    [InlineData("echo '{}'", "did not print a JSON object")]
    [InlineData("sleep 60", "did not answer within 4 s")]
    [InlineData("yes canary-output", "did not answer within 4 s")]
    public async Task A_helper_that_fails_is_a_clear_failure_and_its_words_are_not_repeated(string script, string saying)
    {
        await using var registry = await TokenRegistry.Start();
        using var folder = new TemporaryFolder();
        await WriteHelper(folder, script);
        await using var cluster = await GrainCluster.Start(Yaml(registry, folder));
        var result = await cluster.Client.GetGrain<IUpstreamTokenGrain>("up|repository:a/b:pull").GetToken();
        Assert.Contains(saying, result.Failure!.Message);
        Assert.DoesNotContain("canary", result.Failure.Message);
        Assert.Equal(0, registry.Calls);
    }

    private static async Task<HttpStatusCode> StatusOf(RegistryClient client)
    {
        using var response = await client.GetManifest("none/app", "v1");
        return response.StatusCode;
    }

    /// <summary>Writes a helper that notes what it was asked for; returns the file of its notes.</summary>
    private static async Task<string> WriteHelper(TemporaryFolder folder, string script)
    {
        var (program, calls) = (folder.File("docker-credential-test"), folder.File("calls"));
        await File.WriteAllTextAsync($"{program}.new", $"#!/bin/sh\n[ \"$1\" = get ] || exit 9\necho \"$(cat)\" >> {calls}\n{script}\n");
        (await Shell.Run("chmod", ["700", $"{program}.new"])).ShouldSucceed();
        File.Move($"{program}.new", program, overwrite: true);
        return calls;
    }

    private static string Yaml(TokenRegistry registry, TemporaryFolder folder) => $$"""
        upstreams:
          up: { url: "{{registry.Url}}", allowPrivate: true, credentials: { type: exec, command: {{folder.File("docker-credential-test")}}, lifetime: 10m } }
        tenants:
          acme: { hosts: ["*"], routes: [{ prefix: "", upstream: up }], access: [{ name: all, who: [anonymous], repositories: ["**"], actions: [pull] }] }
        """;
}
