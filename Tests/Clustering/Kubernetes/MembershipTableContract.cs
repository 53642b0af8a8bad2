using System.Net;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using RegistryProxy.Clustering.Kubernetes.Membership;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Clustering.Kubernetes;

/// <summary>
/// A membership table over Kubernetes: with the API server of <c>KUBECONFIG</c> when that is set (the custom resource must be defined
/// there), else with a strict stand-in.
/// </summary>
public abstract class MembershipTableContract : IAsyncLifetime
{
    private static int s_generation;

    private readonly TemporaryFolder _folder = new();

    private protected string Cluster { get; } = $"c{Guid.NewGuid():N}"[..12];

    /// <summary><c>null</c> for a real API server.</summary>
    private protected KubernetesApi? StandIn { get; private set; }

    private protected KubernetesMembershipTable Members { get; private set; } = null!;

    private static bool IsReal => Environment.GetEnvironmentVariable("KUBECONFIG") is { Length: > 0 };

    public async ValueTask InitializeAsync()
    {
        _folder.Write("token", KubernetesApi.Token);
        StandIn = IsReal ? null : await KubernetesApi.Start();
        Members = Table();
        await Members.InitializeMembershipTableAsync(true);
    }

    public async ValueTask DisposeAsync()
    {
        await Members.DeleteMembershipTableEntriesAsync(Cluster);
        if (StandIn is not null)
        {
            await StandIn.DisposeAsync();
        }

        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected static MembershipEntry Entry(SiloStatus status = SiloStatus.Joining)
    {
        var now = DateTime.UtcNow;
        now = new DateTime(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), DateTimeKind.Utc);
        return new MembershipEntry
        {
            SiloAddress = SiloAddress.New(IPAddress.Loopback, 12345, Interlocked.Increment(ref s_generation)),
            HostName = "host", SiloName = "silo", RoleName = "role", Status = status, ProxyPort = 30000, StartTime = now,
            IAmAliveTime = now,
        };
    }

    private protected async Task Insert(MembershipEntry entry) =>
        Assert.True(await Members.InsertRowAsync(entry, (await Members.ReadAllAsync()).Version.Next()));

    private protected KubernetesMembershipTable Table(string? cluster = null) => new(Store(cluster ?? Cluster), Names(cluster ?? Cluster));

    private protected ClusterResourceStore Store(string cluster) => new(
        new ApiServer(Options.Create(new KubernetesClusteringOptions
        {
            Namespace = "default", Server = StandIn?.Url, TokenFile = IsReal ? null : _folder.File("token"),
        })),
        Names(cluster),
        TimeProvider.System);

    private static IOptions<ClusterOptions> Names(string cluster) =>
        Options.Create(new ClusterOptions { ServiceId = "conformance", ClusterId = cluster });
}
