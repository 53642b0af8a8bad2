using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using YamlDotNet.RepresentationModel;

namespace RegistryProxy.Tests.Documents;

/// <summary>
/// docs/guides/ci.md: its configuration, and what its jobs type, with a real Docker Engine, a real registry, and tokens as GitHub and
/// GitLab sign them.
/// </summary>
public sealed class CiPagesTests(Lab lab)
{
    private const string Page = "docs/guides/ci.md";

    [Fact]
    [Types(Page, "mkdir -p", "curl -s -X POST")]
    [Types("README.md", "echo \"$ID_TOKEN\"")]
    public async Task Jobs_of_every_system_push_what_their_rule_grants()
    {
        var (page, readme, registry) = (TypedPage.Of(Page), TypedPage.Of("README.md"), await lab.Registry);
        await using var issuer = await TestIssuer.Start();
        await using var door = await FrontDoor.Start(Yaml(registry, issuer));
        await using var github = await RecordingUpstream.Start(context => context.Response.WriteAsync(
            context.Request.Headers.Authorization == "Bearer job-secret"
                && context.Request.Query["audience"].ToString() is "docker.acme.example" or "127.0.0.1"
                ? JsonSerializer.Serialize(new { value = GitHub(issuer) }) : "{}"));
        using var typist = await NewTypist(door, github);

        (await typist.Type(JobOf("name: image"))).ShouldSucceed();
        await ShouldHave(registry, "api", "github");
        (await typist.Has("GITHUB_SHA", "elsewhere").Type(JobOf("name: image").Replace("/api:", "/other:"))).ShouldFail("denied");
        await ThroughTheHelper(typist, page.Next());
        await ShouldHave(registry, "api", "helper");

        (await typist.Has("ID_TOKEN", GitHub(issuer)).Type(readme.Next())).ShouldSucceed();
        readme.ShouldBeOver();

        (await typist.Has("REGISTRY_TOKEN", GitLab(issuer)).Type(ScriptOf("build-image:"))).ShouldSucceed();
        await ShouldHave(registry, "web", "gitlab");

        var made = await typist.Type(page.Next());
        made.ShouldSucceed();
        var robot = JsonDocument.Parse(made.Output).RootElement;
        typist.Has("NAME", robot.GetProperty("user").GetString()!).Has("SECRET", robot.GetProperty("secret").GetString()!);
        Assert.Contains("user `robot$jenkins`", await File.ReadAllTextAsync(Path.Combine(DocumentBlock.Root, Page)));
        Assert.Equal("robot$jenkins", robot.GetProperty("user").GetString());
        (await typist.Type("docker tag alpine docker.acme.example/apps/shop:$BUILD_NUMBER\n" + Groovy())).ShouldSucceed();
        await ShouldHave(registry, "apps/shop", "jenkins");
        page.ShouldBeOver();
    }

    private async Task<Typist> NewTypist(FrontDoor door, RecordingUpstream github)
    {
        var typist = new Typist().Reads("https://docker.acme.example", door.DataUrl)
            .Reads("docker.acme.example", door.Authority).Reads($"audience={door.Authority}", "audience=docker.acme.example")
            .Reads("http://127.0.0.1:5001", door.AdminUrl)
            .Has("GITHUB_SHA", "github").Has("CI_COMMIT_SHORT_SHA", "gitlab").Has("BUILD_NUMBER", "jenkins")
            .Has("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "job-secret").Has("ACTIONS_ID_TOKEN_REQUEST_URL", $"{github.Url}/token?api-version=2.0");
        return await typist.HasDocker(await lab.Docker);
    }

    /// <summary>The helper is found by Docker where the page says that it has to be.</summary>
    private static async Task ThroughTheHelper(Typist typist, string block)
    {
        var home = Directory.CreateDirectory(typist.Folder.File("home")).FullName;
        var helper = typist.Folder.Write(
            "docker-credential-registryproxy", $"#!/bin/sh\nexec dotnet {Agent.Dll} credential-helper \"$@\"\n");
        (await Shell.Run("chmod", ["755", helper])).ShouldSucceed();
        (await typist.Type($"""
            export HOME={home} PATH="{typist.Folder.Path}:$PATH" DOCKER_CONFIG={home}/.docker
            unset XDG_CONFIG_HOME
            {block}
            docker tag alpine docker.acme.example/api:helper
            docker push docker.acme.example/api:helper
            """)).ShouldSucceed();
    }

    private static string Yaml(DockerRegistry registry, TestIssuer issuer)
    {
        var yaml = DocumentBlock.Of(Page, "upstreams:").Text
            .Replace("company: { url: \"https://registry.example.com\" }", $"company: {{ url: \"{registry.Url}\", allowPrivate: true }}")
            .Replace("hosts: [docker.acme.example]", "hosts: [\"*\"]");
        yaml = Regex.Replace(yaml, @"issuer: https://\S+", $"issuer: {issuer.Url}\n    allowPrivate: true");
        return Regex.Replace(yaml, @"\n *publicUrl: .*(?=\n)", "");
    }

    private static string JobOf(string beginning)
    {
        var steps = (YamlSequenceNode)Root(beginning)["jobs"]["image"]["steps"];
        return string.Join('\n', steps.Cast<YamlMappingNode>().Where(step => step.Children.ContainsKey("run")).Select(step => step["run"]));
    }

    private static string ScriptOf(string beginning) =>
        string.Join('\n', (YamlSequenceNode)Root(beginning)["build-image"]["script"]);

    private static YamlNode Root(string beginning)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(DocumentBlock.Of(Page, beginning).Text));
        return stream.Documents[0].RootNode;
    }

    private static string Groovy() => string.Join(
        '\n', Regex.Matches(DocumentBlock.Of(Page, "withCredentials").Text, "sh '(.*)'").Select(line => line.Groups[1].Value));

    private static string GitHub(TestIssuer issuer) => issuer.Sign(new Dictionary<string, object>
    {
        ["iss"] = issuer.Url, ["aud"] = "docker.acme.example", ["sub"] = "repo:acme/api:ref:refs/heads/main", ["repository_owner"] = "acme",
        ["repository"] = "acme/api", ["ref"] = "refs/heads/main", ["exp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 300,
    });

    private static string GitLab(TestIssuer issuer) => issuer.Sign(new Dictionary<string, object>
    {
        ["iss"] = issuer.Url, ["aud"] = "docker.acme.example", ["sub"] = "project_path:acme/web:ref_type:branch:ref:main",
        ["namespace_path"] = "acme", ["project_path"] = "acme/web", ["ref_protected"] = "true",
        ["exp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 300,
    });

    private static async Task ShouldHave(DockerRegistry registry, string repository, string tag)
    {
        using var http = new HttpClient();
        Assert.Contains($"\"{tag}\"", await http.GetStringAsync($"{registry.Url}/v2/{repository}/tags/list"));
    }
}
