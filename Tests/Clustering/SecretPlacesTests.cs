using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;
using StackExchange.Redis;

namespace RegistryProxy.Tests.Clustering;

/// <summary>
/// Where secrets of a cluster must not be: in the name of a grain, in Redis, in what the machine tells of a process, in what operators see.
/// </summary>
public sealed class SecretPlacesTests
{
    private static readonly string[] Pages =
    [
        "/", "/admin/overview", "/admin/upstreams", "/admin/sessions?tenant=acme", "/admin/cache", "/metrics", "/readyz",
        "/dashboard/", "/dashboard/index.min.js", "/dashboard/version", "/dashboard/DashboardCounters", "/dashboard/ClusterStats",
        "/dashboard/TopGrainMethods",
        "/dashboard/GrainTypes", "/dashboard/Reminders/1", "/dashboard/Trace",
        "/dashboard/GrainState?grainId=staff%2Falice&grainType=session",
        "/dashboard/GrainStats/RegistryProxy.Grains.Sessions.SessionGrain",
        "/dashboard/GrainStats/RegistryProxy.Grains.Upstreams.UpstreamTokenGrain",
    ];

    private static readonly string[] PagesOfSilos = ["/dashboard/HistoricalStats/{silo}", "/dashboard/SiloProperties/{silo}",
        "/dashboard/SiloStats/{silo}", "/dashboard/SiloCounters/{silo}"];

    [Fact]
    public async Task No_secret_is_in_a_grain_key_in_redis_in_proc_or_in_what_operators_see()
    {
        await using var aws = await AwsCloud.Start();
        await using var registry = await DockerRegistry.StartBasic(AwsCloud.RegistryUser, AwsCloud.RegistryPassword);
        using var folder = new TemporaryFolder();
        var credentials =
            $", credentials: {{ type: ecr, region: eu-west-1, endpoint: \"{aws.Url}\", stsEndpoint: " +
            $"\"{aws.Url}\", accessKeyId: {AwsCloud.UserKey}, "
            + $"secretAccessKey: {{ file: \"{folder.Write("key", AwsCloud.UserSecret)}\" }}, roleArn: " +
                $"\"{AwsCloud.PullRole}\", externalId: {AwsCloud.ExternalId} }}";
        await using var cluster = await DoorCluster.Start(registry.Url, silos: 2, gateways: 1, extraUpstream: credentials);
        var secrets = new List<string>
        {
            AwsCloud.UserSecret, AwsCloud.RegistryPassword, "aws-temporary-canary-secret", "aws-session-canary-token",
            FrontDoor.PasswordOf("alice"), "wr0ng+canary/password"
        };
        secrets.AddRange(await Use(cluster.Gateways.Single()));

        var grains = await GrainKeys(cluster.Redis);
        var stored = await Stored(cluster.Redis);
        var processes = string.Join('\n', cluster.Processes.Select(process => ProcessRecords.Of(process.Id)));
        var shown = await Shown(cluster);
        Assert.Contains("SessionGrain", shown);
        Assert.Contains("\"subject\": \"alice\"", shown);
        Assert.Contains("upstreamtoken/local|repository:cold/app:pull", grains);
        Assert.Contains("ecr-", grains);
        Assert.Contains("alice", grains);
        Assert.Contains("state", stored);
        Assert.Contains("RegistryProxy.Silo.dll", processes);
        Assert.Contains("RegistryProxy.Gateway.dll", processes);
        foreach (var spelling in secrets.SelectMany(SecretSpellings.Of))
        {
            Assert.DoesNotContain(spelling, grains);
            Assert.DoesNotContain(spelling, stored);
            Assert.DoesNotContain(spelling, processes);
            Assert.DoesNotContain(spelling, shown);
        }
    }

    /// <summary>Every page of every silo and gateway.</summary>
    private static async Task<string> Shown(DoorCluster cluster)
    {
        using var http = new HttpClient();
        var shown = new StringBuilder();
        var silos = (await cluster.Redis.With((database, _) => database.HashGetAllAsync("registryproxy/members/default"))).Select(
            row => row.Name.ToString()).Where(name => name != "Version").ToList();
        foreach (var admin in cluster.Silos.Concat(cluster.Gateways).Select(member => member.AdminUrl))
        {
            foreach (var page in Pages.Concat(
                silos.SelectMany(silo => PagesOfSilos.Select(each => each.Replace("{silo}", Uri.EscapeDataString(silo))))))
            {
                using var response = await http.GetAsync(admin + page);
                shown.Append(response.Headers).Append(await response.Content.ReadAsStringAsync()).Append('\n');
            }
        }

        return shown.ToString();
    }

    /// <summary>
    /// Logs in rightly and wrongly, with passwords and with refresh tokens, and pulls; returns the tokens that were given.
    /// </summary>
    private static async Task<IEnumerable<string>> Use(DoorCluster.Member gateway)
    {
        using var alice = gateway.Client("alice");
        using var login = await alice.RequestToken([RegistryClient.Pull("cold/app")], "&offline_token=true");
        var given = await RegistryClient.ReadToken(login);
        using var pull = await alice.Send(HttpMethod.Get, "/v2/cold/app/manifests/v1", given.Token);
        await pull.ShouldBe(System.Net.HttpStatusCode.NotFound);
        foreach (var (user, password) in new[] { ("_session", given.RefreshToken!), ("_session", "wr0ng+canary/password"),
            ("alice", "wr0ng+canary/password"), ("_ci", "wr0ng+canary/password") })
        {
            using var other = new RegistryClient(gateway.DataUrl, user, password);
            (await other.RequestToken([])).Dispose();
        }

        return [given.Token!, given.RefreshToken!];
    }

    /// <summary>The grains that there are, as a silo sees them that has none but those of Orleans.</summary>
    private static async Task<string> GrainKeys(Redis redis)
    {
        using var silo = new HostBuilder().UseOrleans(orleans =>
        {
            orleans.UseRedisClustering(options => options.ConfigurationOptions = ConfigurationOptions.Parse(redis.Connection))
                .Configure<ClusterOptions>(options => (options.ServiceId, options.ClusterId) = ("registryproxy", "default"))
                .Configure<GrainTypeOptions>(types => types.Classes.RemoveWhere(type => type.Assembly.GetName().Name != "Orleans.Runtime"))
                .ConfigureEndpoints(System.Net.IPAddress.Loopback, FreePort.Next(), gatewayPort: 0);
#pragma warning disable ORLEANSEXP003
            orleans.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
        }).Build();
        await silo.StartAsync();
        var management = silo.Services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0);
        var grains = await management.GetDetailedGrainStatistics();
        await silo.StopAsync();
        return string.Join('\n', grains.Select(grain => grain.GrainId.ToString()));
    }

    private static Task<string> Stored(Redis redis) => redis.With(async (database, server) =>
    {
        var everything = new StringBuilder();
        await foreach (var key in server.KeysAsync())
        {
            everything.AppendLine(key.ToString());
            var values = await database.KeyTypeAsync(key) switch
            {
                RedisType.Hash => (await database.HashGetAllAsync(key)).SelectMany(entry => new[] { entry.Name, entry.Value }),
                RedisType.Set => await database.SetMembersAsync(key),
                RedisType.SortedSet => await database.SortedSetRangeByRankAsync(key),
                _ => [await database.StringGetAsync(key)],
            };
            everything.AppendJoin('\n', values.Select(value => Encoding.Latin1.GetString((byte[]?)value ?? []))).AppendLine();
        }

        return everything.ToString();
    });
}
