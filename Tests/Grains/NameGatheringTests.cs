using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Administration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Grains;

/// <summary>Names of what was pulled are gathered from gateways once for all who ask, within bounds, and what lacks some says so.</summary>
public sealed class NameGatheringTests
{
    private readonly FakeTimeProvider _time = new();
    private int _asked;

    [Fact]
    public async Task Names_of_all_gateways_are_one_list_that_says_whether_it_is_whole()
    {
        var names = new NameGathering(_time);
        var whole = await Gather(names, "acme", true, new PulledNames(["a", "b"], false), new PulledNames(["b", "c"], false));
        Assert.Equal(["a", "b", "c"], whole!.Names.Order());
        Assert.False(whole.IsPartial);
        Assert.True((await Gather(names, "silent", true, new PulledNames(["a"], false), null))!.IsPartial);
        Assert.True((await Gather(names, "cut", true, new PulledNames(["a"], true)))!.IsPartial);
        Assert.True((await Gather(names, "unknown", false, new PulledNames(["a"], false)))!.IsPartial);
    }

    [Fact]
    public async Task Gateways_are_asked_once_for_all_who_ask_within_two_seconds()
    {
        var names = new NameGathering(_time);
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Gather(names, "acme", true, new PulledNames(["a"], false))));
        Assert.Equal(1, _asked);
        await Eventually.True(
            async () =>
            {
                _time.Advance(TimeSpan.FromSeconds(2));
                await Gather(names, "acme", true, new PulledNames(["b"], false));
                return _asked > 1;
            },
            "they are asked anew");
    }

    [Fact]
    public async Task Those_that_are_pulled_most_stay_where_there_is_no_room_for_all()
    {
        var names = new NameGathering(_time);
        var many = Enumerable.Range(0, NameGathering.MaxNames).Select(i => $"many-{i}").ToList();
        var gathered = await Gather(names, "acme", true, new PulledNames(many, false), new PulledNames(["often", "seldom"], false));
        Assert.Equal((NameGathering.MaxNames, true), (gathered!.Names.Count, gathered.IsPartial));
        Assert.Contains("often", gathered.Names);
        Assert.Contains("seldom", gathered.Names);
        var heavy = Enumerable.Range(0, 4000).Select(i => $"{new string('x', 200)}{i}").ToList();
        var light = await Gather(names, "heavy", true, new PulledNames(heavy, false));
        Assert.True(light!.IsPartial);
        Assert.InRange(light.Names.Sum(name => name.Length), NameGathering.MaxBytes - 300, NameGathering.MaxBytes);
    }

    [Fact]
    public async Task Many_tenants_at_once_do_not_have_all_gateways_asked_for_each()
    {
        var names = new NameGathering(_time);
        for (var tenant = 0; tenant < NameGathering.MaxTenants; tenant++)
        {
            Assert.NotNull(await Gather(names, $"tenant-{tenant}", true, new PulledNames([], false)));
        }

        Assert.Null(await Gather(names, "one-more", true, new PulledNames([], false)));
        Assert.Equal(NameGathering.MaxTenants, _asked);
    }

    private async Task<PulledNames?> Gather(NameGathering names, string tenant, bool areAll, params PulledNames?[] parts) =>
        await names.Gather(tenant, parts.Length, areAll, most =>
        {
            _asked++;
            Assert.InRange(most, 1, NameGathering.MaxBytes);
            return Task.FromResult(parts);
        });
}
