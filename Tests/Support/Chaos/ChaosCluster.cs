using System.Security.Cryptography;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Support.Chaos;

/// <summary>
/// Three silos and two gateways, or more, behind a real haproxy, with cluster and state on a real Redis, before a real docker-registry that
/// wants a password. One silo and one gateway more may join.
/// </summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    public const string Tenant = "acme";

    /// <summary>May push.</summary>
    public const string Publisher = "alice";

    /// <summary>
    /// How many users pull in the loads: <c>user-0</c> and so on. Those after them are for what a test does beside the load.
    /// </summary>
    public const int Users = 50;

    private const int MoreUsers = 10;

    private readonly TemporaryFolder _folder = new();
    private readonly string _key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
    private readonly List<ChaosMember> _members = [];

    private ChaosCluster(Redis redis, DockerRegistry registry) => (Redis, Registry) = (redis, registry);

    public Redis Redis { get; }

    public DockerRegistry Registry { get; }

    public Balancer Balancer { get; private set; } = null!;

    /// <summary>The silos and gateways that run from the start.</summary>
    public IReadOnlyList<ChaosMember> Members => [.. Silos, .. Gateways];

    public IReadOnlyList<ChaosMember> Silos => [.. _members.Where(member => !member.IsGateway && member != ExtraSilo)];

    public IReadOnlyList<ChaosMember> Gateways => [.. _members.Where(member => member.IsGateway && member != ExtraGateway)];

    /// <summary>One more silo, not started.</summary>
    public ChaosMember ExtraSilo { get; private set; } = null!;

    /// <summary>One more gateway, not started; the balancer knows it.</summary>
    public ChaosMember ExtraGateway { get; private set; } = null!;

    public static string UserName(int number) => $"user-{number % Users}";

    public static string PasswordOf(string user) => FrontDoor.PasswordOf(user == Publisher ? user : "bob");

    /// <param name="clusterExtra">More settings of the members' clusters.</param>
    /// <param name="caches">Whether gateways cache, tags for ten minutes.</param>
    /// <param name="program">The program of a project; that of this build unless it is given.</param>
    /// <param name="silos">How many silos run from the start.</param>
    /// <param name="gateways">How many gateways do.</param>
    public static async Task<ChaosCluster> Start(
        string clusterExtra = "", bool caches = false, Func<string, string>? program = null, int silos = 3, int gateways = 2)
    {
        var cluster = new ChaosCluster(await Redis.Start(), await DockerRegistry.Start(basic: true));
        await cluster.WriteUsers();
        for (var number = 0; number <= silos; number++)
        {
            cluster.AddSilo(number, clusterExtra, caches);
        }

        for (var number = 0; number <= gateways; number++)
        {
            cluster.AddGateway(number, clusterExtra, caches);
        }

        (cluster.ExtraSilo, cluster.ExtraGateway) = (cluster._members[silos], cluster._members[^1]);
        foreach (var member in cluster.Members)
        {
            member.Program = program ?? member.Program;
            member.Start();
        }

        try
        {
            await Task.WhenAll(cluster.Members.Select(member => member.Ready()));
        }
        catch (TimeoutException)
        {
            throw new TimeoutException(string.Join('\n', cluster.Members.Select(member => $"{member.Name}:\n{member.Log}")));
        }

        cluster.Balancer = Balancer.Start(cluster._members.Where(member => member.IsGateway).Select(member => member.DataUrl));
        await cluster.Balancer.Reaches(cluster.Gateways.Count);
        return cluster;
    }

    /// <summary>A client that comes by the balancer.</summary>
    public RegistryClient Client(string user) => new(Balancer.Url, user, PasswordOf(user));

    public async Task Push(string repository, string tag, TestImage image)
    {
        using var client = Client(Publisher);
        await client.PushImage(repository, tag, image);
    }

    /// <summary>Starts what is not running, and waits for all, and until the balancer knows of them.</summary>
    public async Task Revive()
    {
        await Task.WhenAll(Members.Select(member => member.Revive()));
        await Balancer.Reaches(Gateways.Count);
    }

    /// <summary>kill -9 of every silo and gateway at once, and a new start.</summary>
    public async Task RestartEverything()
    {
        foreach (var member in Members)
        {
            member.Kill();
        }

        await Revive();
    }

    /// <summary>How many silos the membership counts as active.</summary>
    public async Task<int> ActiveSilos()
    {
        var rows = await Redis.With((database, _) => database.HashGetAllAsync("registryproxy/members/default"));
        return rows.Count(row => row.Name != "Version" && row.Value.ToString().Contains("\"Status\":3,"));
    }

    public async ValueTask DisposeAsync()
    {
        if (Balancer is not null)
        {
            await Balancer.DisposeAsync();
        }

        foreach (var member in Enumerable.Reverse(_members))
        {
            await member.DisposeAsync();
        }

        await Redis.DisposeAsync();
        await Registry.DisposeAsync();
        _folder.Dispose();
    }

    private void AddSilo(int number, string clusterExtra, bool caches) => _members.Add(new ChaosMember(
        "Silo", $"silo-{number}",
        _folder.Write($"silo-{number}.yaml", ChaosConfiguration.Silo(this, clusterExtra, _key, _folder.File("htpasswd"), caches)),
        NewUrl(), null));

    private void AddGateway(int number, string clusterExtra, bool caches) => _members.Add(new ChaosMember(
        "Gateway", $"gateway-{number}", _folder.Write(
            $"gateway-{number}.yaml", ChaosConfiguration.Gateway(this, clusterExtra)
                + (caches ? $"\ncache: {{ path: \"{_folder.File($"cache-{number}")}\", tagTtl: 10m }}" : "")), NewUrl(), NewUrl()));

    private static string NewUrl() => $"http://127.0.0.1:{FreePort.Next()}";

    private async Task WriteUsers()
    {
        var publisher = await Hash(Publisher);
        var puller = await Hash(UserName(0));
        _folder.Write("htpasswd",
            $"{Publisher}:{publisher}\n"
                + string.Concat(Enumerable.Range(0, Users + MoreUsers).Select(number => $"user-{number}:{puller}\n")));

        static async Task<string> Hash(string user) =>
            (await Shell.Run("htpasswd", ["-nbB", "-C", "4", user, PasswordOf(user)])).Output.Trim().Split(':')[1];
    }
}
