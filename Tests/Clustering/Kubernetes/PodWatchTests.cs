using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using k8s;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Clustering.Kubernetes.Membership;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Clustering.Kubernetes;

/// <summary>Silos whose pod is gone are declared dead, and no others.</summary>
public sealed class PodWatchTests : IAsyncLifetime
{
    private const string Own = "10.0.0.1";

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new();
    private readonly Membership _membership = new();
    private KubernetesApi _api = null!;

    public async ValueTask InitializeAsync()
    {
        _folder.Write("token", KubernetesApi.Token);
        _api = await KubernetesApi.Start();
    }

    public async ValueTask DisposeAsync()
    {
        await _api.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Active_silos_without_a_pod_are_declared_dead_as_soon_as_the_pods_can_be_listed()
    {
        using var watch = Watch();
        await watch.StartAsync(CancellationToken.None);
        await Eventually.True(() => _api.PodLists == 1, "it may not list them, and goes on");
        Assert.Empty(_membership.Killed);
        _api.Pods = [Own, "10.0.0.2"];
        await Eventually.True(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(10));
                return !_membership.Killed.IsEmpty;
            },
            "the silo is declared dead");
        await watch.StopAsync(CancellationToken.None);
        Assert.All(_membership.Killed, silo => Assert.Equal("10.0.0.3", silo.Endpoint.Address.ToString()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_namespace_of_many_pods_is_read_page_by_page_to_its_end(bool ownFirst)
    {
        var others = Enumerable.Range(0, 600).Select(number => $"10.1.{number / 200}.{number % 200}");
        _api.Pods = ownFirst ? [Own, .. others, "10.0.0.2"] : [.. others, Own, "10.0.0.2"];
        using var watch = Watch();
        await watch.StartAsync(CancellationToken.None);
        await Eventually.True(() => !_membership.Killed.IsEmpty, "the silo without a pod is declared dead");
        await watch.StopAsync(CancellationToken.None);
        Assert.All(_membership.Killed, silo => Assert.Equal("10.0.0.3", silo.Endpoint.Address.ToString()));
        Assert.Equal((3, 250), (_api.PodLists, _api.LargestPage));
    }

    [Fact]
    public async Task Once_a_silo_has_found_itself_it_asks_for_the_pods_of_its_own_part_alone()
    {
        (_api.Pods, _api.OtherPods) = ([Own, "10.0.0.2"], ["10.0.0.3"]);
        using var watch = Watch();
        await watch.StartAsync(CancellationToken.None);
        await Eventually.True(() => _api.PodLists == 1, "the first look");
        Assert.True(string.IsNullOrEmpty(_api.PodSelector));
        await Eventually.True(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(10));
                return !_membership.Killed.IsEmpty;
            },
            "an address that somebody else has now is nobody's silo");
        await watch.StopAsync(CancellationToken.None);
        Assert.Equal("app.kubernetes.io/name=registryproxy,app.kubernetes.io/component=silo", _api.PodSelector);
        Assert.All(_membership.Killed, silo => Assert.Equal("10.0.0.3", silo.Endpoint.Address.ToString()));
    }

    [Theory]
    [InlineData("fd00:0:0::9 10.0.0.3", false)]
    [InlineData("10.0.0.9", true)]
    public async Task A_silo_of_another_family_of_addresses_or_outside_of_the_namespace_lives(string pod, bool answers)
    {
        _api.Pods = [Own, "10.0.0.2", pod];
        using var watch = Watch(answers);
        await watch.StartAsync(CancellationToken.None);
        await Eventually.True(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(10));
                return _api.PodLists > 2;
            },
            "it has looked more than once");
        await watch.StopAsync(CancellationToken.None);
        Assert.Empty(_membership.Killed);
    }

    [Fact]
    public async Task A_port_answers_when_somebody_listens_at_it()
    {
        using var listener = new System.Net.Sockets.Socket(
            System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var address = (IPEndPoint)listener.LocalEndPoint!;
        Assert.False(await SiloPort.Answers(address, TimeProvider.System, CancellationToken.None));
        listener.Listen();
        Assert.True(await SiloPort.Answers(address, TimeProvider.System, CancellationToken.None));
    }

    [Fact]
    public async Task Whoever_does_not_see_its_own_pod_looks_into_the_wrong_namespace_and_kills_nobody()
    {
        _api.Pods = ["10.0.0.9"];
        using var watch = Watch();
        await watch.StartAsync(CancellationToken.None);
        await Eventually.True(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(10));
                return _api.PodLists > 1;
            },
            "it has looked more than once");
        await watch.StopAsync(CancellationToken.None);
        Assert.Empty(_membership.Killed);
    }

    [Fact]
    public async Task A_listing_that_does_not_end_is_given_up_and_kills_nobody()
    {
        _api.Pods = [Own, "10.0.0.2"];
        _api.PodsGoOn = true;
        using var watch = Watch();
        await watch.StartAsync(CancellationToken.None);
        await Eventually.True(() => _api.PodLists == 400, "all pages that are read");
        await Eventually.True(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(10));
                return _api.PodLists > 400;
            },
            "the next look");
        await watch.StopAsync(CancellationToken.None);
        Assert.Empty(_membership.Killed);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_listing_has_a_bound_in_bytes_over_all_its_pages(bool isChunked)
    {
        _api.IsChunked = isChunked;
        _api.Pods = [Own, "10.0.0.2"];
        _api.PodsGoOn = true;
        _api.Padding = BoundedAnswers.MaxAnswer - 100_000;
        using var server = Server(TimeSpan.FromMinutes(1));
        var fault = await Assert.ThrowsAsync<InvalidDataException>(() => new SiblingPods(server).Find(
            [IPAddress.Parse("10.0.0.3")], IPAddress.Parse(Own), CancellationToken.None));
        Assert.Contains("268435456 bytes", fault.Message);
        Assert.Equal(9, _api.PodLists);
    }

    [Fact]
    public async Task An_answer_has_a_bound_in_bytes_and_an_end_in_time()
    {
        _api.Pods = [Own];
        using var server = Server(TimeSpan.FromMinutes(1));
        _api.Padding = BoundedAnswers.MaxAnswer / 2;
        Assert.Single((await server.Client.CoreV1.ListNamespacedPodAsync("rp", limit: 1, cancellationToken: CancellationToken.None)).Items);
        _api.Padding = BoundedAnswers.MaxAnswer + 1;
        var fault = await Assert.ThrowsAsync<HttpRequestException>(
            () => server.Client.CoreV1.ListNamespacedPodAsync("rp", limit: 1, cancellationToken: CancellationToken.None));
        Assert.Contains("/api/v1/namespaces/rp/pods", fault.Message);
        _api.Trickles = true;
        using var hasty = Server(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            hasty.Client.CoreV1.ListNamespacedPodAsync("rp", limit: 1, cancellationToken: CancellationToken.None))
                .WaitAsync(TimeSpan.FromSeconds(20));
    }

    private ApiServer Server(TimeSpan timeout) => new(Options.Create(new KubernetesClusteringOptions
    {
        Namespace = "rp", Server = _api.Url, TokenFile = _folder.File("token"), Timeout = timeout,
    }));

    private PodWatch Watch(bool answers = false)
    {
        var options = Options.Create(
            new KubernetesClusteringOptions { Namespace = "rp", Server = _api.Url, TokenFile = _folder.File("token"), WatchPods = true });
        return new PodWatch(new ApiServer(options), _membership, new Self(), options, _time, NullLogger<PodWatch>.Instance)
        {
            Answers = (_, _, _) => Task.FromResult(answers),
        };
    }

    private static SiloAddress Address(string ip) => SiloAddress.New(new IPEndPoint(IPAddress.Parse(ip), 11111), 1);

    private sealed class Membership : IClusterMembershipService
    {
        public ConcurrentQueue<SiloAddress> Killed { get; } = [];

        public ClusterMembershipSnapshot CurrentSnapshot { get; } = new(
            new[] { (Own, SiloStatus.Active), ("10.0.0.2", SiloStatus.Active), ("10.0.0.3", SiloStatus.Active),
                ("10.0.0.4", SiloStatus.Dead), ("10.0.0.5", SiloStatus.Joining) }
                .ToImmutableDictionary(silo => Address(silo.Item1), silo => new ClusterMember(Address(silo.Item1), silo.Item2, silo.Item1)),
            new MembershipVersion(1));

        public IAsyncEnumerable<ClusterMembershipSnapshot> MembershipUpdates => throw new NotSupportedException();

        public ValueTask Refresh(MembershipVersion minimumVersion = default, CancellationToken cancellationToken = default) =>
            ValueTask.CompletedTask;

        public Task<bool> TryKill(SiloAddress siloAddress)
        {
            Killed.Enqueue(siloAddress);
            return Task.FromResult(true);
        }
    }

    private sealed class Self : ILocalSiloDetails
    {
        public string Name => "self";

        public string ClusterId => "default";

        public string DnsHostName => "self";

        public SiloAddress SiloAddress { get; } = Address(Own);

        public SiloAddress GatewayAddress => SiloAddress;
    }
}
