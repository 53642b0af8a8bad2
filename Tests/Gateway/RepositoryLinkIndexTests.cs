using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Images;

namespace RegistryProxy.Tests.Gateway;

/// <summary>Through which repositories a digest is served, and for how long that is believed.</summary>
public sealed class RepositoryLinkIndexTests
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);
    private static readonly Digest Blob = TestBlob.Of("blob").Digest;

    private readonly FakeTimeProvider _time = new();
    private readonly InvalidationClock _clock;
    private readonly RepositoryLinkIndex _index;

    public RepositoryLinkIndexTests()
    {
        _clock = new InvalidationClock(_time);
        _index = new RepositoryLinkIndex(_clock, _time);
        Hear(isUnbroken: false);
    }

    [Fact]
    public void A_digest_is_known_in_the_repository_that_was_told_to_hold_it_and_in_no_other()
    {
        Learn(Link());
        Assert.True(_index.Knows(Link()));
        Assert.False(_index.Knows(Link("c/d")));
        Assert.False(_index.Knows(Link(tenant: "other")));
        Assert.False(_index.Knows(Link(upstream: "other")));
        Assert.False(_index.Knows(Link() with { Digest = TestBlob.Of("another").Digest }));
        Assert.False(_index.Knew(Link("c/d")));
    }

    [Fact]
    public void It_is_known_for_a_day_and_not_a_moment_longer()
    {
        Learn(Link());
        _time.Advance(Day - Tick);
        Hear();
        Assert.True(_index.Knows(Link()));
        Assert.True(_index.Knew(Link()));
        _time.Advance(Tick);
        Hear();
        Assert.False(_index.Knows(Link()));
        Assert.False(_index.Knew(Link()));
    }

    [Fact]
    public void The_day_begins_when_the_upstream_was_asked_and_again_with_each_answer()
    {
        var mark = _clock.Mark(Link().Repository);
        _time.Advance(Day / 2);
        Hear();
        _index.Learn(Link(), mark);
        _time.Advance(Day / 2);
        Hear();
        Assert.False(_index.Knows(Link()));
        Learn(Link());
        _time.Advance(Day / 2);
        Learn(Link());
        _time.Advance(Day - Tick);
        Hear();
        Assert.True(_index.Knows(Link()));
    }

    [Fact]
    public void While_writes_are_not_heard_of_it_was_known_and_is_not()
    {
        Learn(Link());
        _clock.Leave();
        Assert.False(_index.Knows(Link()));
        Assert.True(_index.Knew(Link()));
        Hear();
        Assert.True(_index.Knows(Link()));
    }

    [Fact]
    public void What_was_learned_before_writes_were_missed_is_not_believed_after_it()
    {
        Learn(Link());
        _time.Advance(Tick);
        Hear(isUnbroken: false);
        Assert.False(_index.Knows(Link()));
        Assert.True(_index.Knew(Link()));
        Learn(Link());
        Assert.True(_index.Knows(Link()));
    }

    [Fact]
    public void What_was_written_while_the_upstream_was_asked_is_not_learned_and_what_was_known_of_it_is_forgotten()
    {
        Learn(Link());
        var mark = _clock.Mark(Link().Repository);
        var write = Guid.NewGuid();
        _clock.Note(Link().Target, write, isFinished: false);
        _index.Learn(Link(), mark);
        Assert.False(_index.Knew(Link()));

        // Until it is finished nothing is kept, however fresh the mark.
        Learn(Link());
        Assert.False(_index.Knew(Link()));
        _clock.Note(Link().Target, write, isFinished: true);
        Learn(Link());
        Assert.True(_index.Knows(Link()));
    }

    [Fact]
    public void What_is_forgotten_of_one_tenant_stays_with_the_others()
    {
        Learn(Link());
        Learn(Link(tenant: "other"));
        _index.Forget(Link());
        Assert.False(_index.Knew(Link()));
        Assert.True(_index.Knows(Link(tenant: "other")));
    }

    [Fact]
    public void What_was_deleted_is_forgotten_of_every_tenant_and_nothing_else_is()
    {
        Learn(Link());
        Learn(Link(tenant: "other"));
        Learn(Link("c/d"));
        _index.Forget(Link().Target);
        Assert.False(_index.Knew(Link()));
        Assert.False(_index.Knew(Link(tenant: "other")));
        Assert.True(_index.Knows(Link("c/d")));
    }

    private static RepositoryLink Link(string name = "a/b", string tenant = "acme", string upstream = "hub") => new(
        new TenantRepository(new Supplier(tenant, upstream), "https://hub.example", RepositoryName.Parse(name)), Blob);

    private void Learn(in RepositoryLink link)
    {
        _ = _clock.Listen(link.Repository.Place, CancellationToken.None).AsTask();
        Hear();
        _index.Learn(link, _clock.Mark(link.Repository));
    }

    private void Hear(bool isUnbroken = true)
    {
        _clock.Heard(_time.GetTimestamp(), isUnbroken);
        foreach (var shard in _clock.Shards)
        {
            shard.Heard(_time.GetTimestamp(), isUnbroken, shard.Ask(), isWhole: false);
        }
    }
}
