using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.NodeAgent.CredentialProvider;
using RegistryProxy.NodeAgent.Installation.Merging;
using RegistryProxy.NodeAgent.Installation.Merging.Yaml;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.Tests.NodeAgent.Doors;

/// <summary>What kubelet makes of an answer with the token of a pod (kubelet 1.34, pkg/credentialprovider/plugin).</summary>
public sealed class ProvidedTokenTests
{
    private const string Settings = """
        runtime: { type: cri }
        frontDoors:
          - { url: "https://door.example", workloads: { authenticator: k8s } }
        """;

    [Fact]
    public async Task Kubelet_takes_the_token_of_a_pod_as_the_password_by_either_form_of_our_entry()
    {
        var settings = SettingsFile.Parse(Settings, "x").Settings!;
        var entry = Assert.Single(ProviderEntry.Of(settings));
        var (token, answer) = await Answer(settings);
        var json = JsonNode.Parse(entry.ToIndentedJson())!["tokenAttributes"]!["cacheType"]!.GetValue<string>();
        var yaml = YamlSpans.Read(ProviderEntry.File([entry]), "x")["providers"]!.Items![0]["tokenAttributes"]!["cacheType"]!.Value!;
        Assert.Equal(token, Taken(json, token, answer));
        Assert.Equal(token, Taken(yaml, token, answer));
    }

    /// <summary>The password that kubelet goes on with: a token must not be kept for others of its service account.</summary>
    private static string? Taken(string cacheType, string token, JsonNode answer)
    {
        Assert.Contains(cacheType, (string[])["Token", "ServiceAccount"]);
        var password = Assert.Single(answer["auth"]!.AsObject()).Value!["password"]!.GetValue<string>();
        return cacheType != "Token" && password == token ? null : password;
    }

    private static async Task<(string Token, JsonNode Answer)> Answer(AgentSettings settings)
    {
        var claims = $"{{\"exp\":{DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeSeconds()}}}";
        var token = $"{Base64UrlEncoder.Encode("{}")}.{Base64UrlEncoder.Encode(claims)}.x";
        var request = JsonSerializer.Serialize(new Dictionary<string, string>
        {
            ["kind"] = "CredentialProviderRequest", ["apiVersion"] = "credentialprovider.kubelet.k8s.io/v1",
            ["image"] = "door.example/app", ["serviceAccountToken"] = token,
        });
        using var output = new MemoryStream();
        var errors = new StringWriter();
        Assert.Equal(0, await new Provider(settings, TimeProvider.System).Run(
            new MemoryStream(Encoding.UTF8.GetBytes(request)), output, errors, TestContext.Current.CancellationToken));
        return (token, JsonNode.Parse(output.ToArray())!);
    }
}
