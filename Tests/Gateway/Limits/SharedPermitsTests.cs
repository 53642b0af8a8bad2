using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Tests.Gateway.Limits;

/// <summary>
/// Whatever the rate, the number of gateways and where requests arrive: what is asked for is served up to the limit, and no more.
/// </summary>
public sealed class SharedPermitsTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(56));

    public static TheoryData<int, int> Sizes()
    {
        TheoryData<int, int> sizes = [];
        foreach (var rate in new[] { 1, 2, 5, 19, 50, 90, 100 })
        {
            foreach (var gateways in new[] { 1, 2, 10, 50, 100 })
            {
                sizes.Add(rate, gateways);
            }
        }

        return sizes;
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task What_is_asked_for_is_served_up_to_the_limit(int rate, int gateways)
    {
        foreach (var (name, demand, place) in Patterns(gateways))
        {
            var cluster = new LimitCluster(_time, gateways);
            var permits = cluster.Gateways.Select(shares => new SharedPermits(shares, _time, "acme", "requests")).ToArray();
            var seconds = Math.Clamp(1000 / rate, 10, 200);
            var burst = LimitSharing.DepthOf(rate, arePlaces: false);
            var one = new RateGate(_time, TimeSpan.FromSeconds(burst / rate));
            var (random, asked, served, due) = (new Random(rate + gateways), 0, 0, 0);
            for (var tick = 0; tick < seconds * 100; tick++)
            {
                for (var left = Poisson(random, rate * demand / 100.0); left > 0; left--)
                {
                    asked++;
                    due += one.TryTake(1, rate, out _) ? 1 : 0;
                    var isServed = await cluster.Answer(permits[place(random, tick)].Take(rate)) == TimeSpan.Zero;
                    served += isServed ? 1 : 0;
                }

                await cluster.Tick(tick);
            }

            var what = $"{name}: {served} of {asked} in {seconds} s, one gateway alone {due}";
            Assert.True(served >= (0.95 * Math.Min(due, rate * seconds)) - 1, what);
            Assert.True(served <= (1.05 * rate * seconds) + burst, what);
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task Who_was_idle_has_a_burst_at_any_gateway(int rate, int gateways)
    {
        var cluster = new LimitCluster(_time, gateways);
        var permits = new SharedPermits(cluster.Gateways[^1], _time, "acme", "identity", "alice");
        for (var round = 0; round < 3; round++)
        {
            // A bucket that has just begun does not know yet what gateways hold.
            _ = await cluster.Answer(permits.Take(rate));
            for (var tick = 0; tick < 1000; tick++)
            {
                await cluster.Tick(tick);
            }

            var waits = Enumerable.Range(0, (rate * 3) + 20).Select(_ => permits.Take(rate)).ToArray();
            var served = 0;
            foreach (var wait in waits)
            {
                served += await cluster.Answer(wait) == TimeSpan.Zero ? 1 : 0;
            }

            // A quarter is where it can be had without asking.
            Assert.InRange(served, (int)(LimitSharing.DepthOf(rate, false) * 0.75), LimitSharing.DepthOf(rate, false) + (rate * 0.4));
        }
    }

    [Fact]
    public async Task Who_is_far_from_the_limit_waits_for_nothing()
    {
        var cluster = new LimitCluster(_time, 10);
        var permits = cluster.Gateways.Select(shares => new SharedPermits(shares, _time, "acme", "requests")).ToArray();
        for (var tick = 0; tick < 1000; tick++)
        {
            if (tick % 10 == 0)
            {
                Assert.True(permits[tick / 10 % 10].Take(500).AsTask().IsCompleted, $"{tick}");
            }

            await cluster.Tick(tick);
        }

        // A question a second of each gateway, and a few to begin with.
        Assert.InRange(cluster.Questions, 10, 10 * 30);
    }

    [Theory]
    [InlineData(1, 100)]
    [InlineData(5, 10)]
    [InlineData(100, 10)]
    public async Task After_a_move_it_is_never_more_than_the_limit_and_one_burst(int rate, int gateways)
    {
        var cluster = new LimitCluster(_time, gateways);
        var permits = cluster.Gateways.Select(shares => new SharedPermits(shares, _time, "acme", "requests")).ToArray();
        for (var part = 0; part < 4; part++)
        {
            // Half of the limit, a move, and then as much as there is.
            await Play(part % 2 == 0 ? rate * 0.5 : 0);
            cluster.Move();
            var served = await Play(rate * 4);
            Assert.InRange(served, 0.95 * 10 * rate, (10 * rate * 1.05) + LimitSharing.DepthOf(rate, false) + 1);
        }

        async Task<int> Play(double perSecond)
        {
            var (served, owed, turn) = (0, 0.0, 0);
            for (var tick = 0; tick < 1000; tick++)
            {
                for (owed += perSecond / 100; owed >= 1; owed--)
                {
                    served += await cluster.Answer(permits[turn++ % gateways].Take(rate)) == TimeSpan.Zero ? 1 : 0;
                }

                await cluster.Tick(tick);
            }

            return served;
        }
    }

    [Theory]
    [InlineData(1, 100)]
    [InlineData(5, 10)]
    [InlineData(90, 100)]
    [InlineData(100, 10)]
    public async Task Without_an_answer_each_gateway_has_an_equal_part_and_all_together_the_limit(int rate, int gateways)
    {
        var cluster = new LimitCluster(_time, gateways) { IsSilent = true };
        var permits = cluster.Gateways.Select(shares => new SharedPermits(shares, _time, "acme", "requests")).ToArray();
        var served = 0;
        for (var tick = 0; tick < 2000; tick++)
        {
            if (tick % 10 == 0)
            {
                foreach (var at in permits)
                {
                    served += await cluster.Answer(at.Take(rate)) == TimeSpan.Zero ? 1 : 0;
                }
            }

            await cluster.Tick(tick);
        }

        var deviation = 4 * Math.Sqrt(gateways);
        Assert.InRange(served, (20 * rate * 0.9) - deviation, (21 * rate * 1.05) + deviation);
    }

    private static IEnumerable<(string Name, double Demand, Func<Random, int, int> Place)> Patterns(int gateways)
    {
        foreach (var demand in new[] { 0.5, 0.8, 2 })
        {
            yield return ($"{demand} anywhere", demand, (random, _) => random.Next(gateways));
            yield return ($"{demand} at one", demand, (_, _) => 0);
            yield return ($"{demand} moving", demand, (_, tick) => tick / 500 % gateways);
        }
    }

    private static int Poisson(Random random, double mean)
    {
        var (count, product, limit) = (-1, 1.0, Math.Exp(-mean));
        do
        {
            count++;
            product *= random.NextDouble();
        }
        while (product > limit);
        return count;
    }
}
