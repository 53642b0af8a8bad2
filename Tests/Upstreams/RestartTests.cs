using System.Net;
using System.Text;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Silo.Storage;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Upstreams;

/// <summary>What upstreams gave outlives a restart of everything, encrypted, and is fetched anew when it was tampered with.</summary>
public sealed class RestartTests
{
    private static string Yaml(AwsCloud aws, DockerRegistry registry, AzureCloud azure, AzureRegistry tokens, string state) => $$"""
        {{state}}
        upstreams:
          ecr:
            url: "{{registry.Url}}"
            allowPrivate: true
            credentials: { type: ecr, region: eu-west-1, endpoint: "{{aws.Url}}", accessKeyId: {{AwsCloud.UserKey}}, secretAccessKey: { value: {{AwsCloud.UserSecret}} } }
          acr:
            url: "{{tokens.Url}}"
            allowPrivate: true
            credentials: { type: acr, tenantId: {{AzureCloud.Tenant}}, clientId: {{AzureCloud.Client}}, clientSecret: { value: {{AzureCloud.ClientSecret}} }, authority: "{{azure.Url}}" }
        tenants:
          acme:
            hosts: ["*"]
            routes: [{ prefix: ecr, upstream: ecr }, { prefix: acr, upstream: acr }]
            access: [{ name: all, who: [anonymous], repositories: ["**"], actions: [pull] }]
        """;

    private static string Key(char letter) => Convert.ToBase64String(Encoding.ASCII.GetBytes(new string(letter, 32)));

    [Theory]
    [InlineData("file")]
    [InlineData("redis")]
    public async Task A_restart_asks_nobody_anew_and_turning_the_key_neither(string provider)
    {
        await using var aws = await AwsCloud.Start();
        await using var azure = await AzureCloud.Start();
        await using var tokens = await AzureRegistry.Start();
        await using var registry = await DockerRegistry.StartBasic(AwsCloud.RegistryUser, AwsCloud.RegistryPassword);
        await using var redis = await Redis.Start();
        using var folder = new TemporaryFolder();
        string State(params string[] keys) =>
            "state: { provider: " + provider
                + (provider == "file" ? $", file: {{ path: {folder.Path}/state/ }}" : $", redis: {{ connection: \"{redis.Connection}\" }}")
            + $", encryptionKeys: [{string.Join(", ", keys)}] }}";
        var (old, next) = ($"{{ id: k1, key: {{ value: {Key('a')} }} }}", $"{{ id: k2, key: {{ value: {Key('b')} }} }}");
        foreach (var state in new[] { State(old), State(old), State(next, old), State(next, old) })
        {
            await using var door = await FrontDoor.Start(Yaml(aws, registry, azure, tokens, state));
            await Pull(door);
            Assert.Equal((1, 1, 2), (aws.TokenCalls, azure.Calls.Count, tokens.Calls.Count));
            Assert.Equal(0, await door.Terminate());
        }

        foreach (var file in Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories).Concat(redis.Files))
        {
            var text = Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file));
            Assert.DoesNotContain("canary", text);
            Assert.DoesNotMatch("eyJ[A-Za-z0-9_-]{12}", text);
            Assert.DoesNotContain(AwsCloud.RegistryPassword, text);
        }
    }

    [Fact]
    public async Task Records_that_were_changed_or_swapped_are_not_believed()
    {
        await using var aws = await AwsCloud.Start();
        await using var azure = await AzureCloud.Start();
        await using var tokens = await AzureRegistry.Start();
        await using var registry = await DockerRegistry.StartBasic(AwsCloud.RegistryUser, AwsCloud.RegistryPassword);
        using var folder = new TemporaryFolder();
        var yaml = Yaml(aws, registry, azure, tokens,
            $"state: {{ provider: file, file: {{ path: {folder.Path}/state/ }}, encryptionKeys: [{{ id: k1, key: {{ " +
            $"value: {Key('a')} }} }}] }}");
        await using (var door = await FrontDoor.Start(yaml))
        {
            await Pull(door);
            Assert.Equal(0, await door.Terminate());
        }

        // Without its keys a cluster does nothing, whatever upstreams gave.
        var keys = FileRecordStore.NameOf(new StateOwner("registryproxy", ClusterRecord.Keys.Grain.ToString(), ClusterRecord.Keys.State));
        var records = Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories)
            .Where(file => Path.GetFileName(file) is var name && name != "lock" && name != keys).Order().ToList();
        Assert.True(records.Count >= 4, $"{records.Count}");
        var contents = records.ConvertAll(File.ReadAllBytes);
        for (var i = 0; i < records.Count; i++)
        {
            await File.WriteAllBytesAsync(records[i], contents[(i + 1) % records.Count]);
        }

        await using (var door = await FrontDoor.Start(yaml))
        {
            await Pull(door);
            Assert.Equal((2, 2, 4), (aws.TokenCalls, azure.Calls.Count, tokens.Calls.Count));
            Assert.Contains("ALARM", door.Log);
        }
    }

    [Fact]
    public async Task Names_that_strangers_invent_leave_no_record()
    {
        await using var registry = await TokenRegistry.Start();
        using var folder = new TemporaryFolder();
        await using var door = await FrontDoor.Start($$"""
            state: { provider: file, file: { path: {{folder.Path}}/state/ }, encryptionKeys: [{ id: k1, key: { value: {{Key('a')}} } }] }
            upstreams: { up: { url: "{{registry.Url}}", allowPrivate: true } }
            tenants: { acme: { hosts: ["*"], routes: [{ prefix: "", upstream: up }], access: [{ name: all, who: [anonymous], repositories: ["**"], actions: [pull] }] } }
            """);
        using var client = door.Client();
        (await client.GetManifest("first/app", "v1")).Dispose();
        var records = Records(folder);
        for (var i = 0; i < 20; i++)
        {
            (await client.GetManifest($"invented/app-{i}", "v1")).Dispose();
        }

        Assert.True(registry.Calls > 1, $"{registry.Calls} tokens were asked for");
        Assert.Equal(records, Records(folder));
    }

    private static List<string> Records(TemporaryFolder folder) =>
        [.. Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories).Order()];

    [Fact]
    public async Task A_redis_that_is_away_costs_no_pull()
    {
        await using var aws = await AwsCloud.Start();
        await using var azure = await AzureCloud.Start();
        await using var tokens = await AzureRegistry.Start();
        await using var registry = await DockerRegistry.StartBasic(AwsCloud.RegistryUser, AwsCloud.RegistryPassword);
        await using var redis = await Redis.Start();
        await using var door = await FrontDoor.Start(Yaml(
            aws, registry, azure, tokens,
            $"state: {{ provider: redis, redis: {{ connection: \"{redis.Connection}\" }}, encryptionKeys: [{{ id: k1, key: {{ " +
            $"value: {Key('a')} }} }}] }}"));
        await Pull(door);
        redis.Kill();
        await Pull(door, "cold/app");
        Assert.Equal((1, 1, 3), (aws.TokenCalls, azure.Calls.Count, tokens.Calls.Count));
    }

    /// <summary>One pull through either upstream, whose registries have nothing but let us look.</summary>
    private static async Task Pull(FrontDoor door, string repository = "team/app")
    {
        using var client = door.Client();
        foreach (var upstream in new[] { "ecr", "acr" })
        {
            using var answer = await client.GetManifest($"{upstream}/{repository}", "v1");
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }
}
