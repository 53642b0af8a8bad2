using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Running;

namespace RegistryProxy.Tests.Configuration;

/// <summary>
/// Silos without revision whose configuration is a folder of many owners' files: those come, change, break and go on one silo after the
/// other, and stop nobody's edits.
/// </summary>
[Campaign]
public sealed class FolderAgreementTests : IDisposable
{
    private const int Last = 1000;

    private static readonly string[] Tenants = ["a", "b", "c"];

    private readonly AgreementTexts _texts = new();
    private readonly List<FolderSilo> _silos = [];
    private AgreementModel _cluster = null!;

    [Fact]
    public void A_file_that_was_never_good_stops_no_edit_and_counts_once_it_is_mended()
    {
        Begin();
        _silos.ForEach(silo => silo.Break("new"));
        Pass(new Random(1), 4);
        _silos.ForEach(silo => silo.Write("a", 1));
        Pass(new Random(1), 6);
        Assert.All(_silos, silo => Assert.Equal(("av1 bv0 cv0", null), (silo.Versions, silo.Feed.Alarm)));
        _silos.ForEach(silo => silo.Write("new", 2));
        Pass(new Random(1), 6);
        Assert.All(_silos, silo => Assert.Equal(("av1 bv0 cv0 newv2", null), (silo.Versions, silo.Feed.Alarm)));
    }

    [Fact]
    public void An_edit_a_second_by_somebody_or_other_takes_effect_before_there_is_rest()
    {
        Begin();
        for (var version = 1; version <= 30; version++)
        {
            _silos.ForEach(silo => silo.Write(Tenants[version % Tenants.Length], version));
            _cluster.Clock.Advance(TimeSpan.FromSeconds(0.45));
            _cluster.Clock.Advance(TimeSpan.FromSeconds(0.45));
            _silos.ForEach(silo => silo.Agree());
        }

        Assert.All(_silos, silo => Assert.DoesNotContain("v0", silo.Versions));
    }

    [Fact]
    public void Whatever_comes_breaks_and_goes_nobody_serves_what_lost_and_all_take_the_next_edit()
    {
        var (count, accepts) = (Sizes.Of(25, 1000), 0);
        for (var seed = 0; seed < count; seed++)
        {
            var random = new Random(seed);
            Begin();
            if (seed % 2 == 0)
            {
                _silos.ForEach(silo => silo.Break("new"));
            }

            for (var step = 0; step < 25; step++)
            {
                Step(random);
            }

            accepts += End(random, seed) ? 1 : 0;
        }

        Assert.InRange(accepts, 0, count / 4);
    }

    public void Dispose()
    {
        _silos.ForEach(silo => silo.Dispose());
        _texts.Dispose();
    }

    private void Begin()
    {
        _silos.ForEach(silo => silo.Dispose());
        _silos.Clear();
        _cluster = new AgreementModel(0, _texts);
        _silos.AddRange(Enumerable.Range(0, 3).Select(number => new FolderSilo(_cluster, number, Tenants)));
        Pass(new Random(0), 4);
        Assert.All(_silos, silo => Assert.Equal(("av0 bv0 cv0", null), (silo.Versions, silo.Feed.Alarm)));
    }

    private void Pass(Random random, double seconds)
    {
        for (var end = _cluster.Clock.GetUtcNow().AddSeconds(seconds); _cluster.Clock.GetUtcNow() < end;)
        {
            _cluster.Clock.Advance(TimeSpan.FromSeconds(0.5));
            foreach (var silo in _silos.OrderBy(_ => random.Next()))
            {
                silo.Agree();
            }
        }
    }

    private void Step(Random random)
    {
        var (silo, tenant, version) = (_silos[random.Next(_silos.Count)], Tenants[random.Next(Tenants.Length)], random.Next(4));
        Action<FolderSilo> change = random.Next(6) switch
        {
            0 => each => each.Break(tenant),
            1 => each => each.Delete(tenant),
            _ => each => each.Write(tenant, version),
        };
        switch (random.Next(6))
        {
            case 0:
                silo.Restart();
                break;
            case 1:
                change(silo);
                break;
            case 2:
                _cluster.LosesAnswer = true;
                break;
            case 3:
                foreach (var each in _silos)
                {
                    change(each);
                    Pass(random, random.Next(3));
                }

                break;
            default:
                Pass(random, 1 + random.Next(3));
                break;
        }
    }

    /// <summary>All get the same good files, one after the other; whether an operator had to accept them.</summary>
    private bool End(Random random, int seed)
    {
        _cluster.LosesAnswer = false;
        foreach (var silo in _silos)
        {
            Array.ForEach(Tenants, tenant => silo.Write(tenant, Last));
            Pass(random, random.Next(2));
        }

        Pass(random, 6);
        var isAccepted = _silos.Exists(silo => silo.Feed.Alarm is not null);
        if (isAccepted)
        {
            _cluster.Approve(_silos[0].Feed.Own.Content!);
            Pass(random, 4);
        }

        var expected = string.Join(' ', Tenants.Select(tenant => $"{tenant}v{Last}"));
        Assert.All(_silos, silo => Assert.True(
            (silo.Versions, silo.Feed.Alarm) == (expected, null), $"{seed}: {silo.Versions}, {silo.Feed.Alarm}"));
        return isAccepted;
    }
}
