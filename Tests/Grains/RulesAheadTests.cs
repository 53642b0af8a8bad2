using RegistryProxy.Grains.Configuration;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Tests.Grains;

/// <summary>
/// What a silo said of rules that it has and others do not is forgotten with it, so that decisions are kept as long as ever.
/// </summary>
public sealed class RulesAheadTests
{
    private readonly Dictionary<string, bool> _members = new() { ["a"] = true, ["b"] = true };
    private readonly RulesAhead _ahead = new();
    private TimeSpan _now = TimeSpan.FromHours(1);

    [Fact]
    public void A_tenant_is_ahead_until_the_last_silo_that_said_so_is_gone()
    {
        Assert.True(Say("a", "new"));
        Assert.False(Say("b", "new"));
        var number = _ahead.Number;
        _members["a"] = false;
        ForgetGone();
        Assert.Equal((1, number), (Told.Count, _ahead.Number));
        _members["b"] = false;
        ForgetGone();
        Assert.Equal((0, number + 1), (Told.Count, _ahead.Number));

        // Nobody that is there said it: it is news again.
        Assert.True(Say("c", "new"));
    }

    [Theory]
    [InlineData("unknown")]
    [InlineData(null)]
    public void A_silo_that_nobody_knows_is_believed_for_a_minute(string? silo)
    {
        Say(silo, "new");
        _now += TimeSpan.FromSeconds(50);
        ForgetGone();
        Assert.Null(Assert.Single(Told).Silo);
        Say(silo, "new");
        _now += TimeSpan.FromSeconds(50);
        ForgetGone();
        Assert.Single(Told);
        _now += TimeSpan.FromSeconds(10);
        ForgetGone();
        Assert.Empty(Told);
    }

    [Fact]
    public void What_a_silo_took_back_and_other_rules_of_another_are_news()
    {
        Assert.True(Say("a", "new"));
        Assert.True(Say("b", "newer"));
        Assert.Equal("newer", Assert.Single(Told).Stamp);
        Assert.True(Say("b", "known"));
        Assert.Empty(Told);
        Assert.False(Say("b", "known"));
        Say("a", "next");
        _ahead.Forget(tenant => tenant == "acme" ? "next" : "");
        Assert.Empty(Told);
    }

    private IReadOnlyList<TenantRules> Told => _ahead.Answer(
        SnapshotPosition.Nothing with { Format = SnapshotPosition.KeepsAhead },
        new SnapshotUpdate { Position = new SnapshotPosition("v", 1, "e") }).Ahead;

    private bool Say(string? silo, string stamp) => _ahead.Note(new TenantRules("acme", stamp) { Silo = silo }, "known", _now);

    private void ForgetGone() => _ahead.ForgetGone(silo => _members.TryGetValue(silo, out var isThere) ? isThere : null, _now);
}
