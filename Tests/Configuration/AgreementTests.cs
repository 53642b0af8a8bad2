using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Running;

namespace RegistryProxy.Tests.Configuration;

/// <summary>Silos whose files have no revision agree by what these say and by what they said before.</summary>
[Campaign]
public sealed class AgreementTests : IDisposable
{
    private readonly AgreementTexts _texts = new();
    private readonly Random _random = new(41);

    [Fact]
    public void Accepting_what_is_in_force_takes_back_what_was_accepted_and_not_brought()
    {
        var model = Begun(2);
        model.Approve("0123456789abcdef");
        Assert.True(model.State.IsAccepted("0123456789abcdef", model.Clock.GetUtcNow()));
        model.Approve(_texts.ContentOf(0));
        Assert.False(model.State.IsAccepted("0123456789abcdef", model.Clock.GetUtcNow()));
        Assert.Equal(_texts.ContentOf(0), model.State.Followed?.Content);
    }

    [Fact]
    public void An_edit_counts_once_it_has_rested_and_files_that_come_late_change_nothing()
    {
        var model = Begun(3);
        model.Silos[1].Edit(1);
        model.Pass(_random, 0.5);
        Assert.All(model.Silos, silo => Assert.Equal(_texts.ContentOf(0), silo.Serves));
        Settle(model);
        Assert.All(model.Silos, silo => Assert.Equal(
            (_texts.ContentOf(1), model.First + 1), (silo.Serves, silo.Feed.Current.Configuration.Revision)));
        model.Silos[1].Edit(2);
        Settle(model);
        model.Silos[0].Edit(1);
        Settle(model);
        Assert.All(model.Silos, silo => Assert.Equal(_texts.ContentOf(2), silo.Serves));
        Assert.Contains($"{{\"hash\": \"{_texts.ContentOf(1)}\"}}", model.Silos[0].Feed.Alarm);
        Assert.Null(model.Silos[2].Feed.Alarm);
        model.Pass(_random, 121);
        Assert.StartsWith("the file is an older one than the cluster follows", model.Silos[2].Feed.Alarm);
        model.Silos[0].Edit(2);
        model.Silos[2].Edit(2);
        Assert.All(model.Silos, silo => Assert.Null(silo.Feed.Alarm));
    }

    [Fact]
    public void A_file_that_lacks_others_has_not_lost_and_has_seen_nothing()
    {
        var time = new FakeTimeProvider();
        var proposal = new FileProposal(time);
        Assert.Equal(FileStanding.Resting, proposal.Judge("followed"));
        proposal.Read("unknown", "followed");
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(FileStanding.Lost, proposal.Judge("followed"));
    }

    [Fact]
    public void Of_two_edits_of_one_text_one_is_lost_and_counts_when_it_is_made_again()
    {
        var model = Begun(2);
        model.Silos[0].Edit(1);
        model.Silos[1].Edit(2);
        Settle(model);
        var won = model.Silos[0].Feed.Alarm is null ? 0 : 1;
        Assert.StartsWith("the file is not in use: it was not made from", model.Silos[1 - won].Feed.Alarm);
        Settle(model);
        Assert.Equal(_texts.ContentOf(1 + won), model.Silos[1 - won].Serves);
        model.Silos[1 - won].Edit(3);
        Settle(model);
        Assert.All(model.Silos, silo => Assert.Equal(_texts.ContentOf(3), silo.Serves));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_edit_that_comes_with_a_restart_counts_if_the_former_text_was_in_force(bool arePods)
    {
        var model = Begun(3, arePods);
        foreach (var silo in model.Silos)
        {
            Roll(model, silo, 1);
        }

        Assert.All(model.Silos, silo => Assert.Equal((_texts.ContentOf(1), null), (silo.Serves, silo.Feed.Alarm)));
    }

    [Fact]
    public void A_pod_that_lost_does_not_win_because_it_starts_again()
    {
        var model = Begun(3, arePods: true);
        model.Silos[0].Edit(1);
        model.Silos[0].Restart();
        model.Silos[1].Edit(2);
        model.Silos[1].Restart();
        model.Pass(_random, 0.5);
        Settle(model);
        var (won, lost) = model.Silos[0].Feed.Alarm is null ? (0, 1) : (1, 0);
        for (var i = 0; i < 3; i++)
        {
            model.Silos[lost].Restart();
            Settle(model);
            Assert.All(model.Silos, silo => Assert.Equal(_texts.ContentOf(1 + won), silo.Serves));
            Assert.NotNull(model.Silos[lost].Feed.Alarm);
        }

        Roll(model, model.Silos[lost], 3);
        Assert.All(model.Silos, silo => Assert.Equal(_texts.ContentOf(3), silo.Serves));
    }

    [Fact]
    public void A_file_that_is_read_again_while_that_of_the_cluster_is_taken_over_is_not_in_use_and_may_still_count()
    {
        var model = Begun(2, arePods: true);
        var silo = model.Silos[1];
        silo.Edit(1);
        silo.Restart();
        var isFirst = true;
        silo.Feed.Changed += () =>
        {
            if (isFirst)
            {
                isFirst = false;
                silo.Reread();
            }
        };
        model.Pass(_random, 0.1);
        Assert.Equal(_texts.ContentOf(0), silo.Serves);
        Settle(model);
        Assert.All(model.Silos, each => Assert.Equal((_texts.ContentOf(1), null), (each.Serves, each.Feed.Alarm)));
    }

    [Theory]
    [InlineData("silo-7d4b9c6f5d-x2v8q", true, "silo-*:/etc/c.yaml")]
    [InlineData("rp-silo-7d4b9c6f5d-x2v8q", true, "rp-silo-*:/etc/c.yaml")]
    [InlineData("silo-7d4b9c6f5d-x2v8q", false, "silo-7d4b9c6f5d-x2v8q:/etc/c.yaml")]
    [InlineData("silo-0", true, "silo-0:/etc/c.yaml")]
    [InlineData("my-special-names", true, "my-special-names:/etc/c.yaml")]
    public void Pods_of_a_Deployment_are_one_series_whatever_their_names(string machine, bool isPod, string name) => Assert.Equal(
        new FileSeries(name, name.Contains('*')), FileSeries.Of(machine, "/etc/c.yaml", isPod));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_return_to_an_earlier_text_with_a_rolling_restart_takes_one_word_of_the_operator(bool arePods)
    {
        var model = Begun(3, arePods);
        model.Silos.ToList().ForEach(silo => Roll(model, silo, 1));
        model.Silos.ToList().ForEach(silo => Roll(model, silo, 0));
        Assert.All(model.Silos, silo => Assert.Equal(_texts.ContentOf(1), silo.Serves));
        Assert.All(model.Silos, silo => Assert.StartsWith("the file is not in use", silo.Feed.Alarm));
        model.Approve(_texts.ContentOf(0));
        Settle(model);
        Assert.All(model.Silos, silo => Assert.Equal((_texts.ContentOf(0), null), (silo.Serves, silo.Feed.Alarm)));
    }

    [Fact]
    public void A_new_machine_with_another_file_follows_until_that_is_accepted()
    {
        var model = Begun(2);
        var late = new ModelSilo(model, 9, model.Clock);
        late.Edit(1);
        late.Agree();
        model.Clock.Advance(TimeSpan.FromSeconds(2));
        late.Agree();
        Assert.Equal(_texts.ContentOf(0), late.Serves);
        Assert.NotNull(late.Feed.Alarm);
        Assert.Null(late.Feed.Conflict);
        model.Approve(_texts.ContentOf(1));
        late.Agree();
        Assert.Equal((_texts.ContentOf(1), null), (late.Serves, late.Feed.Alarm));
    }

    [Fact]
    public void Whatever_files_restarts_and_splits_do_nobody_serves_what_lost_and_all_can_serve()
    {
        var accepts = 0;
        for (var seed = 0; seed < Sizes.Of(100, 10_000); seed++)
        {
            var (random, model) = (new Random(seed), Begun(5, arePods: seed % 2 == 1));
            for (var step = 0; step < 30; step++)
            {
                Step(model, random);
            }

            accepts += End(model, random) ? 1 : 0;
        }

        Assert.InRange(accepts, 0, Sizes.Of(100, 10_000) / 10);
    }

    public void Dispose() => _texts.Dispose();

    private AgreementModel Begun(int silos, bool arePods = false)
    {
        var model = new AgreementModel(silos, _texts, arePods);
        model.Pass(_random, 2);
        Assert.All(model.Silos, silo => Assert.Equal((model.First, null), (silo.Feed.Current.Configuration.Revision, silo.Feed.Alarm)));
        Assert.True(model.First > 1_700_000_000);
        return model;
    }

    private void Settle(AgreementModel model)
    {
        for (var i = 0; i < 4; i++)
        {
            model.Pass(_random, 1);
        }
    }

    private void Roll(AgreementModel model, ModelSilo silo, int text)
    {
        silo.Edit(text);
        silo.Restart();
        Settle(model);
    }

    private static void Step(AgreementModel model, Random random)
    {
        var silo = model.Silos[random.Next(model.Silos.Count)];
        switch (random.Next(9))
        {
            case 0:
                silo.Edit(random.Next(6));
                break;
            case 1:
                var text = random.Next(6);
                model.Silos.Where(_ => random.Next(3) > 0).ToList().ForEach(each => each.Edit(text));
                break;
            case 2:
                silo.Restart();
                break;
            case 3:
                silo.Edit(random.Next(6));
                silo.Restart();
                break;
            case 4:
                silo.IsCut = !silo.IsCut;
                break;
            case 5:
                model.LosesAnswer = true;
                break;
            case 6 when random.Next(4) == 0:
                model.Approve(model.Texts.ContentOf(random.Next(6)));
                break;
            default:
                model.Pass(random, 0.3 + (3 * random.NextDouble()));
                break;
        }
    }

    /// <summary>All get a new text, one after the other; whether an operator had to accept it.</summary>
    private static bool End(AgreementModel model, Random random)
    {
        model.LosesAnswer = false;
        model.Silos.ToList().ForEach(silo => silo.IsCut = false);
        Pass(model, random);
        Assert.Single(model.Silos.Select(silo => silo.Serves).Distinct());
        foreach (var silo in model.Silos)
        {
            silo.Edit(7);
            model.Pass(random, random.NextDouble());
        }

        Pass(model, random);
        var isAccepted = model.Silos.Any(silo => silo.Feed.Alarm is not null);
        if (isAccepted)
        {
            model.Approve(model.Texts.ContentOf(7));
            Pass(model, random);
        }

        Assert.All(model.Silos, silo => Assert.Equal((model.Texts.ContentOf(7), null), (silo.Serves, silo.Feed.Alarm)));
        return isAccepted;
    }

    private static void Pass(AgreementModel model, Random random)
    {
        for (var i = 0; i < 5; i++)
        {
            model.Pass(random, 1);
        }
    }
}
