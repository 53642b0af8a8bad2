using System.Collections.Concurrent;
using System.Diagnostics;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>An upstream that fails under load is left alone, and used again as soon as it answers.</summary>
[Collection(AloneCollection.Name)]
public sealed class BreakerTests(Lab lab, ITestOutputHelper output)
{
    private const int Rate = 100;

    /// <summary>What fails for one repository alone is about that repository.</summary>
    private static readonly string[] Repositories = ["breaker/app", "breaker/other"];

    private int _sent;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(Sizes.Of(4, 30));

    [Theory]
    [InlineData("Unavailable")]
    [InlineData("Reset")]
    [InlineData("Hang")]
    public async Task Its_failure_costs_no_more_requests_than_there_are_and_callers_hear_of_it_within_a_second(string kind)
    {
        await using var relay = new FaultyRelay((await lab.Registry).Url);
        await using var door = await FrontDoor.Start(DoorConfiguration.Single(relay.Url));
        using var alice = door.Client("alice");
        foreach (var repository in Repositories)
        {
            await alice.PushImage(repository, "v1", TestImage.Build(402, 100));
        }

        await Load(alice, TimeSpan.FromSeconds(2));

        relay.Fault = Enum.Parse<Fault>(kind);
        var before = relay.Requests;
        var answers = await Load(alice, Period);
        var asked = relay.Requests - before;
        var slowest = answers.Max(answer => answer.Elapsed);
        relay.Fault = Fault.None;
        var recovery = Stopwatch.StartNew();
        await Eventually.True(async () => await Status(alice) == 200, "the upstream is used again", TimeSpan.FromSeconds(10));
        output.WriteLine(
            $"{kind}: {answers.Count} requests in {Period.TotalSeconds} s, {asked} reached the upstream, slowest " +
            $"answer {slowest.TotalMilliseconds:0} ms, recovery {recovery.ElapsedMilliseconds} ms");

        Assert.All(answers, answer => Assert.InRange(answer.Status, 502, 503));
        Assert.True(asked <= 1.1 * answers.Count, $"{asked} requests reached the upstream for {answers.Count}");
        Assert.True(slowest < TimeSpan.FromSeconds(1), $"the slowest answer took {slowest.TotalMilliseconds:0} ms");
        Assert.True(recovery.Elapsed < TimeSpan.FromSeconds(2), $"it took {recovery.ElapsedMilliseconds} ms to use the upstream again");
        Assert.Contains("Circuit breaker opened for upstream", door.Log);
    }

    private async Task<List<(int Status, TimeSpan Elapsed)>> Load(RegistryClient client, TimeSpan period)
    {
        var answers = new ConcurrentBag<(int, TimeSpan)>();
        List<Task> running = [];
        var watch = Stopwatch.StartNew();
        for (var sent = 0; watch.Elapsed < period; sent++)
        {
            running.Add(Task.Run(async () =>
            {
                var began = watch.Elapsed;
                answers.Add((await Status(client), watch.Elapsed - began));
            }));
            if (TimeSpan.FromSeconds((sent + 1.0) / Rate) - watch.Elapsed is var wait && wait > TimeSpan.Zero)
            {
                await Task.Delay(wait);
            }
        }

        await Task.WhenAll(running);
        return [.. answers];
    }

    private async Task<int> Status(RegistryClient client)
    {
        using var response = await client.GetManifest(Repositories[Interlocked.Increment(ref _sent) % Repositories.Length], "v1");
        return (int)response.StatusCode;
    }
}
