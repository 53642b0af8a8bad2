using System.Text.Json;
using System.Text.RegularExpressions;
using RegistryProxy.Tests.Documents;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Kubernetes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Deploy;

/// <summary>
/// The images that the .NET SDK makes of the hosts by the commands of docs/guides/images.md, from the sources and on a base image of the
/// test's: their platforms, user, environment, ports and entry point. Of a slice the last two commands, which make that of one host.
/// </summary>
public sealed class ImagePublishTests
{
    private const string Page = "docs/guides/images.md";
    private const string Example = "registry.acme.example";

    private static readonly string Root = Path.GetDirectoryName(Manifests.Deploy)!;
    private static readonly string Dockerfile = File.ReadAllText(Path.Combine(Manifests.Deploy, "Dockerfile"));

    [Fact]
    [Types(Page, "# amd64 and arm64")]
    public async Task The_sdk_makes_and_pushes_images_that_are_those_of_the_build_file()
    {
        var page = TypedPage.Of(Page);
        var parts = page.Next().Split("# this machine's platform");
        page.ShouldBeOver();
        await using var registry = await DockerRegistry.Start();
        using var client = new RegistryClient(registry.Url, null, null);
        await PushBase(client);
        using var typist = await NewTypist(registry);
        if (Sizes.Full)
        {
            foreach (var host in new[] { "Silo", "Standalone" })
            {
                (await typist.Type(parts[0].Replace("publish Silo ", $"publish {host} "))).ShouldSucceed();
                await ShouldBeWhole(client, host, "amd64", "arm64");
            }
        }

        (await typist.Type("#" + parts[1])).ShouldSucceed();
        await ShouldBeWhole(client, "Gateway");
    }

    /// <summary>The sources as they are, without what was built of them, and the registry of the page at another address.</summary>
    private static async Task<Typist> NewTypist(DockerRegistry registry)
    {
        var authority = new Uri(registry.Url).Authority;
        var typist = new Typist().Reads(Example, authority)
            .Has("DOTNET_CONTAINER_INSECURE_REGISTRIES", authority).Has("MSBUILDDISABLENODEREUSE", "1").Knows($$"""
                dotnet() {
                  command dotnet "$@" -p:ContainerBaseImage={{authority}}/base:1 -p:RunAnalyzers=false -p:NuGetAudit=false -v minimal --nologo
                }
                skopeo() { command skopeo "$@" --dest-tls-verify=false; }
                """);
        (await Shell.Run("bash", ["-o", "pipefail", "-c", $"""
            tar -C {Root} --exclude=bin --exclude=obj --exclude=.git --exclude=./Tests --exclude=./Benchmarks -cf - . |
              tar -C {typist.Folder.Path} -xf -
            """])).ShouldSucceed();
        return typist;
    }

    private static async Task PushBase(RegistryClient client)
    {
        var images = new[] { "amd64", "arm64" }
            .Select((name, i) => (Image: TestImage.BuildOn(name, 990 + i), Architecture: name)).ToArray();
        foreach (var (image, _) in images)
        {
            foreach (var blob in image.Blobs)
            {
                using var begun = await client.Send(HttpMethod.Post, "/v2/base/blobs/uploads/");
                await Put(client, $"{begun.Headers.Location!.PathAndQuery}&digest={blob.Digest}", blob, "application/octet-stream");
            }

            await Put(client, $"/v2/base/manifests/{image.Manifest.Digest}", image.Manifest, TestImage.OciManifest);
        }

        await Put(client, "/v2/base/manifests/1", TestImage.Index(images), TestImage.OciIndex);
    }

    private static async Task Put(RegistryClient client, string path, TestBlob blob, string type)
    {
        var content = new ByteArrayContent(blob.Bytes);
        content.Headers.ContentType = new(type);
        using var put = await client.Send(HttpMethod.Put, path, null, content);
        Assert.True(put.IsSuccessStatusCode, $"{path}: {put.StatusCode}");
    }

    private static async Task ShouldBeWhole(RegistryClient client, string host, params string[] platforms)
    {
        var repository = $"registryproxy-{host.ToLowerInvariant()}";
        var manifest = await Json(client, $"/v2/{repository}/manifests/0.1.0");
        if (platforms.Length > 0)
        {
            var entries = manifest.GetProperty("manifests").EnumerateArray().ToList();
            Assert.Equal(platforms, entries.Select(entry => entry.GetProperty("platform").GetProperty("architecture").GetString()).Order());
            foreach (var entry in entries)
            {
                await ShouldRun(client, repository, host, await Json(client, $"/v2/{repository}/manifests/{Digest(entry)}"));
            }

            return;
        }

        await ShouldRun(client, repository, host, manifest);
    }

    private static async Task ShouldRun(RegistryClient client, string repository, string host, JsonElement manifest)
    {
        var image = await Json(client, $"/v2/{repository}/blobs/{Digest(manifest.GetProperty("config"))}");
        var config = image.GetProperty("config");
        Assert.Equal(Regex.Match(Dockerfile, "(?m)^USER (.*)$").Groups[1].Value, config.GetProperty("User").GetString());
        Assert.Subset(
            Strings(config.GetProperty("Env")), Regex.Match(Dockerfile, "(?m)^ENV HOST=\\S+ (.*)$").Groups[1].Value.Split(' ').ToHashSet());
        Assert.Equal(["5000/tcp", "5001/tcp"], config.GetProperty("ExposedPorts").EnumerateObject().Select(port => port.Name).Order());
        Assert.Contains($"RegistryProxy.{host}", string.Join(' ', Strings(config.GetProperty("Entrypoint"))));
        Assert.StartsWith("/app", config.GetProperty("WorkingDir").GetString());
        Assert.True(manifest.GetProperty("layers").GetArrayLength() >= 2);
    }

    private static HashSet<string> Strings(JsonElement list) => [.. list.EnumerateArray().Select(text => text.GetString()!)];

    private static string Digest(JsonElement descriptor) => descriptor.GetProperty("digest").GetString()!;

    private static async Task<JsonElement> Json(RegistryClient client, string path)
    {
        using var answer = await client.Send(
            HttpMethod.Get, path, null, null, ("Accept", TestImage.OciManifest), ("Accept", TestImage.OciIndex));
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode}");
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
    }
}
