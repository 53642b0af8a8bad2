using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using RegistryProxy.Grains.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>A gateway is sent what is another since the version that it has.</summary>
public sealed class SnapshotBookTests
{
    private static readonly Serializer Serializer = new ServiceCollection().AddSerializer().BuildServiceProvider()
        .GetRequiredService<Serializer>();

    private readonly SnapshotBook _book = new(Serializer);
    private readonly GatewaySnapshot _first = SnapshotLab.Of([.. Enumerable.Range(0, 1000).Select(number => $"t{number}")]);

    public SnapshotBookTests() => Take(_first);

    [Fact]
    public void An_edit_of_one_tenant_is_its_part_and_less_than_a_kilobyte()
    {
        var edited = SnapshotLab.Tenant("t7") with { Cors = [new string('x', 5000)], RulesStamp = "other" };
        Take(_first.With("2", edited));
        var change = _book.Since("1", takesStamps: false)!;
        Assert.Equal(edited, Assert.Single(change.Tenants));
        Assert.Empty(change.Upstreams);
        Assert.Null(change.Keys);
        Assert.InRange(Size(new SnapshotUpdate { Position = new SnapshotPosition("2", 1, new string('e', 32)), Change = change }), 1,
            Size(edited) + 1024);
        Assert.Equal(Names(_book.Current!), Names(change.On(_first)));
        Assert.Equal("2", change.On(_first).Version);
    }

    [Fact]
    public void Who_missed_some_edits_gets_what_they_changed_together()
    {
        var second = _first.With("2", SnapshotLab.Tenant("t1") with { RulesStamp = "2" });
        var third = second with
        {
            Version = "3", Tenants = [.. second.Tenants.Where(tenant => tenant.Name != "t2"), SnapshotLab.Tenant("new")],
            Upstreams = [.. second.Upstreams.Where(upstream => upstream.Name != "up-t2"), SnapshotLab.Upstream("new")],
            Keys = [new TokenKey("k", "x", "y")],
        };
        Take(second);
        Take(third);
        var change = _book.Since("1", takesStamps: false)!;
        Assert.Equal(["new", "t1"], change.Tenants.Select(tenant => tenant.Name).Order());
        Assert.Equal(["t2"], change.GoneTenants);
        Assert.Equal(["up-new"], change.Upstreams.Select(upstream => upstream.Name));
        Assert.Equal(["up-t2"], change.GoneUpstreams);
        Assert.Equal(Names(third), Names(change.On(_first)));
        Assert.Equal(Names(third), Names(change.On(second)));
        Assert.Equal(third.Keys, change.On(_first).Keys);
    }

    [Fact]
    public void A_file_that_all_tenants_use_is_told_without_them()
    {
        Take(_first with
        {
            Version = "2", Tenants = [.. _first.Tenants.Select(tenant => tenant with { RulesStamp = $"2-{tenant.Name}" })],
        });
        var third = _book.Current!.With("3", SnapshotLab.Tenant("t7") with { Cors = ["https://ui.example"], RulesStamp = "3" });
        Take(third with { Tenants = [.. third.Tenants.Where(tenant => tenant.Name != "t9")] });
        var change = _book.Since("1", takesStamps: true)!;
        Assert.Equal("t7", Assert.Single(change.Tenants).Name);
        Assert.Equal(["t9"], change.GoneTenants);
        Assert.Equal(998, change.Stamps.Count);
        Assert.Equal(Names(_book.Current!), Names(change.On(_first)));
        Assert.InRange(Size(change), 1, 60 * 1000);

        // Who knows of no stamps gets all of it.
        Assert.Null(_book.Since("1", takesStamps: false));
        Assert.Empty(_book.Since("2", takesStamps: false)!.Stamps);
    }

    [Fact]
    public void What_is_undone_is_told_too()
    {
        Take(_first.With("2", SnapshotLab.Tenant("t1") with { RulesStamp = "2" }));
        Take(_first);
        Assert.Equal("rules-t1", Assert.Single(_book.Since("2", takesStamps: false)!.Tenants).RulesStamp);
        Take(_first.With("3", SnapshotLab.Tenant("t5") with { RulesStamp = "3" }));
        Assert.Equal("t5", Assert.Single(_book.Since("1", takesStamps: false)!.Tenants).Name);
    }

    [Fact]
    public void Other_credentials_of_an_upstream_are_told_without_a_word_of_them()
    {
        _book.Take(_first with { Version = "2" }, name => name == "up-t3" ? "other" : "same");
        Assert.Equal(SnapshotLab.Upstream("t3").Name, Assert.Single(_book.Since("1", takesStamps: false)!.Upstreams).Name);
    }

    [Fact]
    public void Who_is_too_far_behind_or_needs_most_of_it_gets_the_whole_in_little()
    {
        Assert.Null(_book.Since("unknown", takesStamps: false));
        Take(_first with { Version = "2", Tenants = [.. _first.Tenants.Select(tenant => tenant with { RulesStamp = "2" })] });
        Assert.Null(_book.Since("1", takesStamps: false));
        for (var version = 3; version < 70; version++)
        {
            Take(_first with { Version = $"{version}" });
        }

        Assert.Null(_book.Since("2", takesStamps: false));
        Assert.True(_book.Packed.Length < Size(_book.Current!) / 5, $"{_book.Packed.Length} of {Size(_book.Current!)}");
        Assert.Equal(Names(_book.Current!), Names(PackedSnapshot.Unpack(_book.Packed, Serializer)));
    }

    private void Take(GatewaySnapshot snapshot) => _book.Take(snapshot, _ => "same");

    private static int Size<T>(T value) => Serializer.SerializeToArray(value).Length;

    private static IEnumerable<string> Names(GatewaySnapshot snapshot) =>
        snapshot.Tenants.Select(tenant => $"{tenant.Name} {tenant.RulesStamp} {tenant.Cors.Count}")
        .Concat(snapshot.Upstreams.Select(upstream => upstream.Name)).Order(StringComparer.Ordinal);
}
