using System.Diagnostics;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Chaos;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Chaos;

/// <summary>
/// A silo stops in the middle of everything, with its connections open: a machine that swaps, a hypervisor that moves it.
/// </summary>
[Collection(ChaosCollection.Name)]
public sealed class FreezeTests(SharedChaos chaos, ITestOutputHelper output)
{
    private static readonly TimeSpan Frozen = TimeSpan.FromSeconds(Sizes.Of(20, 60));

    /// <summary>Until gateways have heard that a silo is out.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(1);

    private const int Clients = 30;

    /// <summary>Pulls of each before the silo stops: by then the other silos know where the sessions are.</summary>
    private const int PullsBefore = 4;

    /// <summary>Whose session one of the others does not know the place of, all the same.</summary>
    private const int Unlucky = Clients / 5;

    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(3);

    /// <summary>Which of them; any of them in the full run.</summary>
    public static TheoryData<int> Numbers => Sizes.Full ? [0, 1, 2] : [0];

    [Theory]
    [MemberData(nameof(Numbers))]
    public async Task No_pull_fails_while_a_silo_is_stopped_and_nobody_waits(int number)
    {
        var cluster = await chaos.Whole();
        using var campaign = new Campaign(cluster, output);
        var silo = cluster.Silos[number];
        var revoked = await RevokedIdentity.LogIn(cluster, "user-58");
        await using var load = PullLoad.StartSmall(cluster, chaos, Clients, TimeSpan.FromSeconds(2));
        await Eventually.True(() => load.Tally.Pulls >= Clients * PullsBefore, "everybody has pulled some times", TimeSpan.FromSeconds(90));
        var sessions = await silo.Metric("orleans_grains", "grain_type=\"session\"");
        var (at, watch) = (DateTimeOffset.UtcNow, Stopwatch.StartNew());
        await silo.Freeze();
        await Eventually.True(async () => await cluster.ActiveSilos() == cluster.Silos.Count - 1, "the others have declared it dead",
            TimeSpan.FromSeconds(60));
        var evicted = watch.Elapsed;
        await revoked.Revoke(cluster);
        await Eventually.True(() => watch.Elapsed > Frozen, "it was stopped for long enough", Frozen + TimeSpan.FromSeconds(10));
        await silo.Thaw();
        await Eventually.True(() => !silo.IsRunning, "a silo that was declared dead ends itself", TimeSpan.FromSeconds(60));
        await silo.Revive();
        var tally = await load.Finish();
        output.WriteLine($"declared dead after {evicted.TotalSeconds:F1} s; {tally}");
        var slow = tally.Requests.Where(request => request.At > at && request.Took > Slow).ToList();
        var concerned = slow.Select(request => request.User).Distinct().Count();
        output.WriteLine(
            $"{concerned} of {Clients} users had to wait for that, {sessions} sessions were on {silo.Name}: " +
            $"{string.Join(", ", slow.GroupBy(request => request.Kind).Select(Describe))}");
        await revoked.ShouldBeRefused(cluster);
        Assert.Empty(tally.Failures);
        Assert.True(concerned <= sessions + Unlucky, "who is known to another silo does not wait");
        Assert.All(slow, request =>
            Assert.True(request.At < at + evicted + Settled && request.Took < evicted + Slow,
                $"{request} was sent when {silo.Name} was out"));
        Assert.All(slow, request => Assert.Equal("token", request.Kind));
        campaign.Passed();

        string Describe(IGrouping<string, RequestRecord> kind) => $"{kind.Count()} {kind.Key} requests of seconds "
            + $"{kind.Min(request => (request.At - at).TotalSeconds):F1} to {kind.Max(request => (request.At - at).TotalSeconds):F1}, "
            + $"up to {kind.Max(request => request.Took.TotalSeconds):F1} s";
    }
}
