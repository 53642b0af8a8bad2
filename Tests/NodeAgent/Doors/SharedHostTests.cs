using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.NodeAgent.CredentialProvider;
using RegistryProxy.NodeAgent.Images.Pulls;
using RegistryProxy.NodeAgent.Names;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.Tests.NodeAgent.Doors;

/// <summary>Front doors that share a host, and words about images that are named like a refusal.</summary>
public sealed class SharedHostTests
{
    private const string Settings = """
        runtime: { type: cri }
        frontDoors:
          - { url: "https://door.example", images: [h.example], hosts: [h.example], workloads: { authenticator: k8s-a } }
          - { url: "https://door.example", images: [h.example/team-b], hosts: [h.example], workloads: { authenticator: k8s-b } }
          - { url: "https://door.example", images: ["*.example/team-b/long"], hosts: ["*.example"], workloads: { authenticator: k8s-c } }
          - { url: "https://alone.example", workloads: { authenticator: k8s-d } }
        """;

    [Theory]
    [InlineData("h.example/x", "_k8s-a", "Image")]
    [InlineData("h.example/team-b/x", "_k8s-b", "Image")]
    [InlineData("h.example/team-b/long/x", "_k8s-b", "Image")]
    [InlineData("alone.example/team-b/long/x", "_k8s-d", "Image")]
    [InlineData("alone.example/x", "_k8s-d", "Image")]
    public async Task The_longest_pattern_decides_for_the_tokens_of_workloads_too(string image, string user, string key)
    {
        var answer = await Provide(Settings, image);
        Assert.Equal(user, answer.GetProperty("auth").EnumerateObject().Single().Value.GetProperty("username").GetString());
        Assert.Equal(key, answer.GetProperty("cacheKeyType").GetString());
    }

    [Fact]
    public async Task The_credential_of_a_host_with_one_front_door_is_for_all_of_its_images()
    {
        const string One = """
            runtime: { type: cri }
            frontDoors: [ { url: "https://alone.example", workloads: { authenticator: k8s-d } } ]
            """;
        Assert.Equal("Registry", (await Provide(One, "alone.example/x")).GetProperty("cacheKeyType").GetString());
    }

    [Theory]
    [InlineData("h.example/app:401", "failed to resolve \"h.example/app:401\": HEAD https://h.example/v2/app/manifests/401: 500", false)]
    [InlineData("h.example/acme/unauthorized-page", "HEAD https://h.example/v2/acme/unauthorized-page/manifests/latest: 500", false)]
    [InlineData("acme/unauthorized-page:v1", "pull access denied for acme/unauthorized-page, repository does not exist", false)]
    [InlineData("h.example/app:401", "HEAD https://h.example/v2/app/manifests/401: 401 Unauthorized", true)]
    [InlineData("h.example/a", "unauthorized: authentication required", true)]
    [InlineData("h.example/u:v1", "Head \"https://h.example/v2/u/manifests/v1\": unauthorized", true)]
    public void The_name_of_an_image_is_no_word_of_its_registry(string image, string words, bool isUnauthorized) =>
        Assert.Equal(isUnauthorized, PullFailure.IsUnauthorized(words, image));

    private static async Task<JsonElement> Provide(string text, string image)
    {
        var (settings, errors) = SettingsFile.Parse(text, "nodeagent.yaml");
        Assert.Empty(errors);
        Assert.True(ImageName.TryParse(image, out _));
        var claims = Base64UrlEncoder.Encode($$"""{"exp":{{TimeProvider.System.GetUtcNow().AddHours(1).ToUnixTimeSeconds()}}}""");
        var request = JsonSerializer.Serialize(new Dictionary<string, string>
        {
            ["kind"] = "CredentialProviderRequest", ["apiVersion"] = "credentialprovider.kubelet.k8s.io/v1", ["image"] = image,
            ["serviceAccountToken"] = $"{Base64UrlEncoder.Encode("{}")}.{claims}.x",
        });
        using var output = new MemoryStream();
        var errorsSaid = new StringWriter();
        var code = await new Provider(settings!, TimeProvider.System).Run(
            new MemoryStream(Encoding.UTF8.GetBytes(request)), output, errorsSaid, TestContext.Current.CancellationToken);
        Assert.True(code == 0, errorsSaid.ToString());
        return JsonDocument.Parse(output.ToArray()).RootElement.Clone();
    }
}
