using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Ranges;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Tests.Gateway.Cache;

namespace RegistryProxy.Tests.Gateway;

/// <summary>What a server makes of several ranges: who asks for hundreds changes nothing for those who ask for few.</summary>
public sealed class RangeSupportTests : IDisposable
{
    private readonly CacheGateway _gateway = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly RangeSupport _support;
    private readonly Fetch _fetch;

    public RangeSupportTests()
    {
        _support = new RangeSupport(_time);
        _fetch = Fetch.Blob(
            _gateway.Request("GET", $"/v2/a/b/blobs/sha256:{new string('a', 64)}"),
            RegistryProxy.Protocol.Digest.Parse($"sha256:{new string('a', 64)}"));
    }

    public void Dispose() => _gateway.Dispose();

    [Fact]
    public void Fewer_ranges_than_were_refused_are_asked_for()
    {
        _support.RefusedSeveral(_fetch, 300);
        Assert.False(_support.TakesSeveral(_fetch, 300));
        Assert.False(_support.TakesSeveral(_fetch, 301));
        Assert.True(_support.TakesSeveral(_fetch, 299));
        Assert.True(_support.TakesOne(_fetch));
        _support.RefusedSeveral(_fetch, 2);
        Assert.False(_support.TakesSeveral(_fetch, 2));
        _time.Advance(RangeSupport.Life);
        Assert.True(_support.TakesSeveral(_fetch, 300));
    }

    [Fact]
    public void Where_one_is_refused_none_is_asked_for_for_a_while()
    {
        _support.RefusedOne(_fetch);
        Assert.False(_support.TakesOne(_fetch));
        Assert.True(_support.TakesSeveral(_fetch, 2));
        _time.Advance(RangeSupport.Life);
        Assert.True(_support.TakesOne(_fetch));
    }
}
