using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RegistryProxy.NodeAgent.Identity;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>docker-credential-registryproxy, as docker calls it.</summary>
public sealed class CredentialHelperTests(Lab lab)
{
    [Fact]
    public async Task It_keeps_and_forgets_logins_for_their_owner_alone()
    {
        using var folder = new TemporaryFolder();
        Task<ShellResult> Run(string action, string input) => Shell.Run(
            "dotnet", [Agent.Dll, "credential-helper", action, "--config", "/nonexistent"], input, ("XDG_CONFIG_HOME", folder.Path));
        (await Run("get", "https://index.docker.io/v1/")).ShouldFail("credentials not found in native keychain");
        (await Run("store", """{"ServerURL":"https://index.docker.io/v1/","Username":"me","Secret":"helper-canary"}""")).ShouldSucceed();
        (await Run("store", """{"ServerURL":"docker.acme.example","Username":"<token>","Secret":"x"}""")).ShouldSucceed();
        Assert.Equal("""{"ServerURL":"https://index.docker.io/v1/","Username":"me","Secret":"helper-canary"}""",
            (await Run("get", "index.docker.io\n")).Output.Trim());
        Assert.Equal("""{"https://index.docker.io/v1/":"me","docker.acme.example":"\u003Ctoken\u003E"}""",
            (await Run("list", "")).Output.Trim());
        Assert.Equal("600", (await Shell.Run("stat", ["-c", "%a", folder.File("registryproxy/credentials.json")])).Output.Trim());
        (await Run("erase", "https://index.docker.io/v1/")).ShouldSucceed();
        (await Run("get", "index.docker.io")).ShouldFail("credentials not found in native keychain");
        (await Run("get", "")).ShouldFail("no credentials server URL");
        (await Run("store", "{}")).ShouldFail("no credentials server URL");
        (await Run("store", """{"ServerURL":"a.example"}""")).ShouldFail("no credentials username");
        (await Run("store", "nonsense")).ShouldFail("as JSON");
        (await Run("destroy", "")).ShouldFail("must be get, store, erase, list");
    }

    [Fact]
    public async Task A_job_of_a_ci_system_pulls_with_docker_and_is_told_what_it_lacks()
    {
        await using var door = await NodeDoor.Start(lab);
        using var alice = door.Door.Client("alice");
        await alice.PushImage("nodes/job", "v1", TestImage.Build(380, 1000));
        using var folder = new TemporaryFolder();
        var config = folder.Write(
            "nodeagent.yaml", door.Agent("{ type: ci, authenticator: ci, audience: docker.acme.example }", await DockerNode.Settings(lab)));
        folder.Write("config.json", "{\"credHelpers\":{\"" + door.Authority + "\":\"registryproxy\"}}");
        folder.Write("docker-credential-registryproxy", $"#!/bin/sh\nexec dotnet {Agent.Dll} credential-helper \"$@\" --config {config}\n");
        (await Shell.Run("chmod", ["700", folder.File("docker-credential-registryproxy")])).ShouldSucceed();
        var token = Token(door, "docker.acme.example");

        (await Pull()).ShouldFail("no identity token of a CI system is here");
        (await Pull(("REGISTRYPROXY_ID_TOKEN", token))).ShouldSucceed();
        (await Pull(("REGISTRYPROXY_ID_TOKEN", Token(door, "elsewhere")))).ShouldFail("no login at");

        await using var github = await RecordingUpstream.Start(context => context.Response.WriteAsync(
            context.Request.Headers.Authorization == "Bearer job-secret" && context.Request.Query["api-version"] == "2.0"
                ? JsonSerializer.Serialize(new { value = Token(door, context.Request.Query["audience"].ToString()) })
                : "{}"));
        (await Pull(("ACTIONS_ID_TOKEN_REQUEST_URL", $"{github.Url}/token?api-version=2.0"),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "job-secret"))).ShouldSucceed();

        async Task<ShellResult> Pull(params (string, string)[] environment)
        {
            var docker = $"unix://{(await lab.Docker).SocketPath}";
            (string, string)[] all = [("DOCKER_HOST", docker), ("DOCKER_CONFIG", folder.Path),
                ("PATH", $"{folder.Path}:{Environment.GetEnvironmentVariable("PATH")}"), ("XDG_CONFIG_HOME", folder.Path), .. environment];
            await Shell.Run("docker", ["rmi", "-f", $"{door.Authority}/nodes/job:v1"], null, all);
            return await Shell.Run("docker", ["pull", $"{door.Authority}/nodes/job:v1"], null, all);
        }
    }

    [Fact]
    public async Task A_person_is_asked_to_log_in_elsewhere_and_the_terminal_waits()
    {
        var polls = 0;
        await using var door = await RecordingUpstream.Start(context => (context.Request.Path.Value, context.Request.Method) switch
        {
            ("/login/device", "POST") => context.Response.WriteAsync(
                """{"device_code":"d","user_code":"WDJB-MJHT","verification_uri":"https://door.example/login/device","expires_in":600,"interval":0}"""),
            ("/token", "POST") when ++polls < 3 => Pending(context),
            ("/token", "POST") => context.Response.WriteAsync("""{"token":"t","refresh_token":"rpr_x","refresh_expires_in":7200}"""),
            _ => Task.CompletedTask,
        });
        using var http = RegistryTokenClient.CreateHttp(null);
        var terminal = new StringWriter();
        var client = new RegistryTokenClient(new Uri(door.Url), http, TimeProvider.System);
        var outcome = await new DeviceIdentity(TimeProvider.System).Prompt(client, terminal, TestContext.Current.CancellationToken);
        Assert.True(outcome.Succeeded(out var session, out _));
        Assert.Equal(("_session", "rpr_x", TimeSpan.FromHours(2)),
            (session.Username, session.Password.Reveal(), session.Expires - session.Issued));
        Assert.Contains("open https://door.example/login/device and type WDJB-MJHT", terminal.ToString());
        Assert.Equal(3, polls);

        using var folder = new TemporaryFolder();
        var config = folder.Write("nodeagent.yaml", $"frontDoors: [{{ url: \"{door.Url}\", identity: {{ type: device }} }}]\n");
        (await Shell.Run("dotnet", [Agent.Dll, "credential-helper", "get", "--config", config], new Uri(door.Url).Authority,
            ("XDG_CONFIG_HOME", folder.Path)))
            .ShouldFail("a person must log in");

        static Task Pending(HttpContext context)
        {
            context.Response.StatusCode = 400;
            return context.Response.WriteAsync("""{"error":"authorization_pending","errors":[{"code":"UNSUPPORTED","message":"wait"}]}""");
        }
    }

    private static string Token(NodeDoor door, string audience) => door.Issuer.Sign(new Dictionary<string, object>
    {
        ["iss"] = door.Issuer.Url, ["aud"] = audience, ["sub"] = "repo:acme/app:ref:refs/heads/main", ["repository"] = "acme/app",
        ["exp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 300,
    });
}
