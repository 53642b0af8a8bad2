using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using RegistryProxy.Configuration;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>
/// Silos, and gateways that cache and read from each other, before a real registry, or an upstream of the test's, whose bytes are counted.
/// </summary>
internal sealed class PeerCluster : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly X509Certificate2 _authority = TestCertificates.Authority("cluster");
    private readonly DockerRegistry? _registry;
    private readonly ConcurrentBag<PeerReader> _readers = [];

    private bool SendFile { get; init; }

    private PeerCluster(DockerRegistry? registry, string upstream, int bytesPerSecond) =>
        (_registry, Upstream) = (registry, new CountingRelay(upstream, bytesPerSecond));

    public DoorCluster Doors { get; private set; } = null!;

    public IReadOnlyList<DoorCluster.Member> Gateways => [.. Doors.Gateways];

    public IReadOnlyList<DoorCluster.Member> Silos { get; private set; } = [];

    /// <summary>The way to the registry.</summary>
    public CountingRelay Upstream { get; }

    /// <param name="bytesPerSecond">What the registry gives; 0 for all it can.</param>
    /// <param name="sendFile">Whether gateways send cached blobs to clients by the kernel.</param>
    public static async Task<PeerCluster> Start(int silos, int gateways, int bytesPerSecond = 0, bool sendFile = false)
    {
        var registry = await DockerRegistry.Start();
        return await Start(new PeerCluster(registry, registry.Url, bytesPerSecond) { SendFile = sendFile }, silos, gateways);
    }

    /// <summary>Before an upstream of the test's.</summary>
    public static Task<PeerCluster> Start(int silos, int gateways, string upstream) =>
        Start(new PeerCluster(null, upstream, 0), silos, gateways);

    private static async Task<PeerCluster> Start(PeerCluster cluster, int silos, int gateways)
    {
        cluster.Doors = await DoorCluster.Start(
            cluster.Upstream.Url, silos: 0, gateways: 0, extraRoute: ", cache: true, ranges: wait", clusterExtra: cluster.Tls("silo"),
            gatewayExtra: "listen: { peer: \"https://127.0.0.1:0\" }\ncache: { path: cache-{n}, sendFile: "
                + (cluster.SendFile ? "true }" : "false }"));
        var starting = Enumerable.Range(0, silos).Select(_ => cluster.Doors.StartSilo()).ToList();
        cluster.Silos = await Task.WhenAll(starting);
        await Task.WhenAll(cluster.Silos.Select(silo => silo.Ready()));
        for (var i = 0; i < gateways; i++)
        {
            await cluster.Doors.StartGateway(cluster.Tls($"gateway-{i}"));
        }

        await Task.WhenAll(cluster.Gateways.Select(gateway => gateway.Ready()));
        await cluster.AreHeardOf();
        return cluster;
    }

    /// <summary>Waits until every gateway hears of writes: before that it vouches for nothing to others.</summary>
    public async Task AreHeardOf()
    {
        using var http = new HttpClient();
        await Eventually.True(
            async () => (await http.GetStringAsync($"{Silos[0].AdminUrl}/admin/cache")).Split("\"state\": \"ok\"").Length
                == Gateways.Count + 1,
            "the cluster knows the cache of every gateway");
    }

    /// <summary>Puts a blob into the registry, past the gateways.</summary>
    public async Task Put(string repository, TestBlob blob)
    {
        using var registry = new HttpClient { BaseAddress = new Uri(_registry!.Url) };
        using var begun = await registry.PostAsync($"/v2/{repository}/blobs/uploads/", null);
        using var content = new ByteArrayContent(blob.Bytes);
        using var put = await registry.PutAsync($"{begun.Headers.Location}&digest={Uri.EscapeDataString(blob.Digest.Value)}", content);
        Assert.Equal(System.Net.HttpStatusCode.Created, put.StatusCode);
    }

    /// <summary>A client of each gateway.</summary>
    public Task<PeerReader[]> Readers() => Task.WhenAll(Gateways.Select(Reader));

    /// <summary>A client of a gateway, disposed with the cluster.</summary>
    public async Task<PeerReader> Reader(DoorCluster.Member gateway)
    {
        var reader = await PeerReader.Of(gateway);
        _readers.Add(reader);
        return reader;
    }

    /// <summary>Waits until a metric of gateways adds up to a value; what is scraped may be a moment old.</summary>
    public static Task Counts(double expected, IEnumerable<DoorCluster.Member> gateways, string name, string labels = "") =>
        Eventually.True(
        async () => (await Task.WhenAll(gateways.Select(gateway => gateway.Metric(name, labels)))).Sum() == expected,
        $"{name} {labels} is {expected}");

    /// <summary>A certificate that the cluster's authority issued to a member.</summary>
    public X509Certificate2 CertificateOf(string member) =>
        X509Certificate2.CreateFromPemFile(_folder.File($"{member}.crt"), _folder.File($"{member}.key"));

    /// <summary>The files of a member.</summary>
    public ClusterTlsConfiguration TlsOf(string member) =>
        new(_folder.File($"{member}.crt"), _folder.File($"{member}.key"), _folder.File("ca.crt"));

    /// <summary>The <c>tls</c> of a new member's cluster section.</summary>
    public string Tls(string member)
    {
        var (certificate, key) = _authority.Issue(member);
        return $$""", tls: { certificate: "{{_folder.Write($"{member}.crt", certificate)}}", key: "{{_folder.Write($"{member}.key", key)}}", ca: "{{_folder.Write("ca.crt", _authority.ExportCertificatePem())}}" }""";
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var reader in _readers)
        {
            reader.Dispose();
        }

        await Doors.DisposeAsync();
        await Upstream.DisposeAsync();
        await (_registry?.DisposeAsync() ?? ValueTask.CompletedTask);
        _authority.Dispose();
        _folder.Dispose();
    }
}
