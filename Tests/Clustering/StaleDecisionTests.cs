using System.Diagnostics;
using System.Net;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Running;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Clustering;

/// <summary>A gateway whose cluster is away: what it knows is good for a lease and for <c>cluster.maxStale</c> after that.</summary>
[Waits(66)]
public sealed class StaleDecisionTests(Lab lab, ITestOutputHelper output)
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan MaxStale = TimeSpan.FromSeconds(5);

    /// <summary>What a request may take on a busy machine.</summary>
    private static readonly TimeSpan Busy = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Known_sessions_are_served_until_max_stale_then_refused_with_503_and_a_running_stream_is_never_cut()
    {
        await using var cluster = await DoorCluster.Start((await lab.Registry).Url, silos: 0, gateways: 0);
        var silo = await cluster.StartSilo();
        await silo.Ready();
        var gateway = await cluster.StartGateway(", maxStale: 5s");
        await gateway.Ready();
        using var alice = gateway.Client("alice");
        var blob = TestBlob.Random(602, 100_000_000);
        await alice.PushBlob("stale/app", blob);
        await alice.PushImage("stale/app", "v1", TestImage.Build(603, 1_000));
        var token = await alice.Token(RegistryClient.Pull("stale/app"));
        var watch = Stopwatch.StartNew();
        using var running = await alice.GetBlob("stale/app", blob.Digest);
        await using var body = await running.Content.ReadAsStreamAsync();
        await body.ReadExactlyAsync(new byte[1000]);
        silo.Process.Kill();
        var killed = watch.Elapsed;

        var (served, read) = (TimeSpan.Zero, 1000);
        var slice = new byte[30_000];
        await Eventually.True(
            async () =>
            {
                await body.ReadExactlyAsync(slice);
                read += slice.Length;
                using var pulled = await alice.Send(
                    HttpMethod.Get, "/v2/stale/app/manifests/v1", token, null, ("Accept", TestImage.OciManifest));
                served = pulled.StatusCode == HttpStatusCode.OK ? watch.Elapsed : served;
                Assert.True(pulled.StatusCode is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable, $"{pulled.StatusCode}");
                Assert.Equal(pulled.StatusCode == HttpStatusCode.ServiceUnavailable, pulled.Headers.RetryAfter is not null);
                return pulled.StatusCode == HttpStatusCode.ServiceUnavailable;
            },
            "what is known is too old", Lease + MaxStale + Busy + Busy);
        output.WriteLine($"served for {served.TotalSeconds:F1} s after the decision");
        Assert.InRange(served, Lease - Busy, killed + Lease + MaxStale + Busy);
        using var login = await alice.RequestToken([]);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, login.StatusCode);

        using var rest = new MemoryStream();
        await body.CopyToAsync(rest);
        Assert.Equal(blob.Bytes.Length - read, rest.Length);
        var back = await cluster.StartSilo();
        await back.Ready();
        await Eventually.True(
            async () =>
            {
                using var pulled = await alice.Send(
                    HttpMethod.Get, "/v2/stale/app/manifests/v1", token, null, ("Accept", TestImage.OciManifest));
                return pulled.StatusCode == HttpStatusCode.OK;
            },
            "the session is known again", TimeSpan.FromSeconds(60));
    }
}
