using System.Collections.Concurrent;
using System.Diagnostics;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Malformed;

/// <summary>Hostile clients of HTTP/2: who else asks meanwhile is answered in time, and nothing stays.</summary>
[Collection(AloneCollection.Name)]
public sealed class Http2AttackTests
{
    private const int AtOnce = 4;
    private const int MinAttacks = 20;
    private const long MaxGrowth = 64L << 20;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task None_harms_the_door_or_keeps_others_waiting(bool encrypted)
    {
        await using var door = await FrontDoor.Start(DoorConfiguration.Single("http://127.0.0.1:9"), encrypted);
        var server = new Uri(door.DataUrl);
        using var stop = new CancellationTokenSource();

        var attacks = Http2Attack.All.ToList();
        Assert.True(attacks.Select(attack => attack.Name).Distinct().Count() >= MinAttacks, $"{attacks.Count} attacks");

        // Pools fill, and the heap grows to what so many at once need.
        await Attack(server, Sizes.Of(1, 30));
        var before = door.ResidentBytes();
        var neighbour = Request(door.DataUrl, stop.Token);
        var (problems, runs) = await Attack(server, Sizes.Of(3, 100));
        await stop.CancelAsync();
        var times = await neighbour;
        var p99 = times.Order().ElementAt((int)(times.Count * 0.99));
        TestContext.Current.SendDiagnosticMessage(
            $"{times.Count} requests beside the attacks, p99 {p99:0.0} ms, {before >> 20} MB before, {door.ResidentBytes() >> 20} MB then");
        Assert.True(problems.IsEmpty, string.Join('\n', problems.Distinct()));
        Assert.Equal(attacks.Count * Sizes.Of(3, 100), runs);
        Assert.True(p99 < 500, $"p99 {p99} ms of {times.Count}");
        await Eventually.True(() => door.ResidentBytes() - before < MaxGrowth,
            $"memory goes back; it grew from {before} to {door.ResidentBytes()}");
        Assert.DoesNotContain("fail: ", door.Log);
    }

    private static async Task<(ConcurrentQueue<string> Problems, int Runs)> Attack(Uri server, int connections)
    {
        var (problems, runs) = (new ConcurrentQueue<string>(), 0);
        foreach (var attack in Http2Attack.All)
        {
            await Parallel.ForAsync(0, connections, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (_, _) =>
            {
                await using var line = await Http2Line.Open(server, attack.Reads, attack.Greets);
                await attack.Run(line);
                Interlocked.Increment(ref runs);
                if (attack.IsEnded)
                {
                    try
                    {
                        await Eventually.True(() => line.HasEnded, "its connection ends", TimeSpan.FromSeconds(20));
                    }
                    catch (TimeoutException)
                    {
                        problems.Enqueue($"{attack}: the connection goes on");
                    }
                }
            });
        }

        return (problems, runs);
    }

    /// <summary>Somebody else, one request after the other; milliseconds of each.</summary>
    private static async Task<List<double>> Request(string url, CancellationToken stop)
    {
        using var client = await KeepAliveClient.Open(url, "/v2/");
        List<double> times = [];
        while (!stop.IsCancellationRequested)
        {
            var began = Stopwatch.GetTimestamp();
            Assert.Equal(401, await client.Get());
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            await Task.Delay(2, CancellationToken.None);
        }

        return times;
    }
}
