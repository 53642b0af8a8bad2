using System.Text;
using System.Text.Json;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Upstreams;

/// <summary>A credential file that is broken for a while shuts nothing: the last good one serves on, and operators are told.</summary>
public sealed class BrokenCredentialTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("dockerConfig", null)]
    [InlineData("dockerConfig", "")]
    [InlineData("dockerConfig", "half")]
    [InlineData("basic", null)]
    [InlineData("basic", "")]
    public async Task What_was_read_last_serves_until_it_can_be_read_again(string type, string? damage)
    {
        await using var registry = await TokenRegistry.Start();
        var host = new Uri(registry.Url).Authority;
        var good = type == "basic" ? "canary-one" : Config(host, "canary-one");
        var file = _folder.Write("credential", good);
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url,
            type == "basic" ? $"type: basic, username: robot, password: {{ file: {file} }}" : $"type: dockerConfig, file: {file}"));
        var first = (await Ask(cluster, "a/b")).Token!;

        if (damage is null)
        {
            File.Delete(file);
        }
        else
        {
            _folder.Write("credential", damage.Length == 0 ? "" : good[..(good.Length / 2)]);
        }

        Assert.Equal(first.Generation, (await Ask(cluster, "a/b")).Token?.Generation);
        Assert.NotNull((await Ask(cluster, "a/new")).Token);
        var told = (await Status(cluster)).LastError;
        Assert.Contains("upstreams.up0.credentials cannot be used since ", told);
        Assert.Contains("the previous content stays in use", told);
        Assert.DoesNotContain("canary", told);

        _folder.Write("credential", type == "basic" ? "canary-two" : Config(host, "canary-two"));
        Assert.NotEqual(first.Generation, (await Ask(cluster, "a/b")).Token?.Generation);
        Assert.DoesNotContain("cannot be used", (await Status(cluster)).LastError ?? "");
    }

    [Fact]
    public async Task An_entry_that_is_taken_out_is_not_used_any_more()
    {
        await using var registry = await TokenRegistry.Start();
        var host = new Uri(registry.Url).Authority;
        var file = _folder.Write("config.json", Config(host, "canary"));
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, $"type: dockerConfig, file: {file}"));
        Assert.NotNull((await Ask(cluster, "a/b")).Token);
        _folder.Write("config.json", """{"auths":{}}""");
        Assert.Contains("has no usable secret", (await Ask(cluster, "a/new")).Failure?.Message);
        Assert.DoesNotContain("cannot be used", (await Status(cluster)).LastError);
        _folder.Write("config.json", "{");
        Assert.NotNull((await Ask(cluster, "a/other")).Failure);
    }

    [Fact]
    public async Task Another_upstream_of_the_same_name_is_not_shown_what_was_read_for_the_one_before()
    {
        await using var registry = await TokenRegistry.Start();
        await using var other = await TokenRegistry.Start();
        var file = _folder.Write("password", "canary");
        var credentials = $"type: basic, username: robot, password: {{ file: {file} }}";
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, credentials));
        Assert.NotNull((await Ask(cluster, "a/b")).Token);
        File.Delete(file);
        Assert.NotNull((await Ask(cluster, "a/new")).Token);
        var next = ConfigurationFile.Read(_folder.Write("next.yaml", PrincipalYaml.Of(other.Url, credentials)));
        cluster.Configuration.Replace(next.Snapshot!);
        Assert.Contains("has no usable secret", (await Ask(cluster, "a/b")).Failure?.Message);
        Assert.Equal(0, other.Calls);
    }

    public void Dispose() => _folder.Dispose();

    private static string Config(string host, string password) => JsonSerializer.Serialize(new
    {
        auths = new Dictionary<string, object>
        {
            [host] = new { auth = Convert.ToBase64String(Encoding.UTF8.GetBytes($"robot:{password}")) },
        },
    });

    private static ValueTask<UpstreamTokenResult> Ask(GrainCluster cluster, string repository) =>
        cluster.Client.GetGrain<IUpstreamTokenGrain>($"up0|repository:{repository}:pull").GetToken();

    private static ValueTask<UpstreamStatus> Status(GrainCluster cluster) =>
        cluster.Client.GetGrain<IUpstreamStatusGrain>("up0").Describe();
}
