using System.Diagnostics;
using System.Net;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>A tenant that asks for a hundred times its share leaves its neighbour as it was.</summary>
[Collection(AloneCollection.Name)]
public sealed class NeighbourTests(Lab lab)
{
    private const int Share = 10;
    private const int Offered = 100 * Share;

    /// <summary>The load is made on the machine that is measured: what is below this is its own.</summary>
    private static readonly TimeSpan Noise = TimeSpan.FromMilliseconds(Sizes.Of(25, 5));

    private static TimeSpan Span => TimeSpan.FromSeconds(Sizes.Of(4, 30));

    [Fact]
    public async Task The_neighbour_waits_no_longer_than_half_as_long_again()
    {
        await using var door = await FrontDoor.Start(LimitTests.TwoTenants($"requestsPerSecond: {Share}", (await lab.Registry).Url));
        using var neighbour = door.Client("alice");
        await neighbour.PushImage("quiet/app", "v1", TestImage.Build(185, 10));
        using var busy = new RegistryClient(door.DataUrl.Replace("127.0.0.1", "localhost"), "alice", FrontDoor.PasswordOf("alice"));
        var token = await LimitTests.TokenOf(busy, "localhost");
        await Measure(neighbour);

        var alone = await Measure(neighbour);
        using var done = new CancellationTokenSource();
        var flood = Flood(busy, token, done.Token);
        var beside = await Measure(neighbour);
        await done.CancelAsync();
        var (sent, seconds) = await flood;
        TestContext.Current.SendDiagnosticMessage(
            $"p99 alone {alone.TotalMilliseconds:0.0} ms, beside {sent / seconds:0} requests/s {beside.TotalMilliseconds:0.0} ms");
        Assert.True(sent > Offered * seconds / 2, $"{sent} requests in {seconds} s");
        Assert.True(beside <= (1.5 * alone) + Noise, $"p99 {beside.TotalMilliseconds} ms instead of {alone.TotalMilliseconds} ms");
    }

    private static async Task<TimeSpan> Measure(RegistryClient client)
    {
        List<TimeSpan> times = [];
        var span = Stopwatch.StartNew();
        while (span.Elapsed < Span)
        {
            var watch = Stopwatch.StartNew();
            using var response = await client.GetManifest("quiet/app", "v1");
            times.Add(watch.Elapsed);
            await response.ShouldBe(HttpStatusCode.OK);
            await Task.Delay(10, CancellationToken.None);
        }

        return times.Order().ElementAt((int)(times.Count * 0.99));
    }

    /// <summary>So many requests a second, ten at a time.</summary>
    private static async Task<(int Sent, double Seconds)> Flood(RegistryClient client, string token, CancellationToken done)
    {
        const int Batch = 10;
        var watch = Stopwatch.StartNew();
        var sent = 0;
        while (!done.IsCancellationRequested)
        {
            foreach (var response in await Task.WhenAll(Enumerable.Range(0, Batch).Select(_ => client.Send(HttpMethod.Get, "/v2/", token))))
            {
                response.Dispose();
            }

            sent += Batch;
            var ahead = TimeSpan.FromSeconds((double)sent / Offered) - watch.Elapsed;
            if (ahead > TimeSpan.Zero)
            {
                await Task.Delay(ahead, CancellationToken.None);
            }
        }

        return (sent, watch.Elapsed.TotalSeconds);
    }
}
