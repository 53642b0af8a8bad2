using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Manifests;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Gateway.Cache;

/// <summary>Who shares a question for a manifest, and who must not.</summary>
public sealed class ManifestFlightTests : IDisposable
{
    private const string Oci = "application/vnd.oci.image.manifest.v1+json";
    private const string Index = "application/vnd.oci.image.index.v1+json";

    private static readonly TestBlob One = ManifestCacheTests.Manifest("one");
    private static readonly TestBlob Two = ManifestCacheTests.Manifest("two");

    private readonly CacheGateway _gateway = new();
    private readonly TaskCompletionSource _hold = new();
    private int _answers;

    public void Dispose() => _gateway.Dispose();

    [Fact]
    public async Task Those_who_want_the_same_at_once_ask_once()
    {
        Answers(first: 1);
        var pulls = new[] { Pull(), Pull() };
        await Eventually.True(() => _gateway.Upstream.Asked.Count == 1, "it is asked for");
        _hold.SetResult();
        Assert.All(await Task.WhenAll(pulls), bytes => Assert.Equal(One.Bytes, bytes));
        Assert.Single(_gateway.Upstream.Asked);
    }

    [Fact]
    public async Task Who_comes_when_writes_may_have_been_missed_since_joins_no_question_of_before()
    {
        Answers(first: 3);
        var before = Pull();
        await Eventually.True(() => _gateway.Upstream.Asked.Count == 1, "it is asked for");
        _gateway.Upstream.Hold = null;
        _gateway.Time.Advance(CacheReport.Trust);
        Assert.All(await Task.WhenAll(Pull(), Pull()), bytes => Assert.Equal(Two.Bytes, bytes));
        _hold.SetResult();
        Assert.Equal(One.Bytes, await before);
    }

    [Fact]
    public async Task While_writes_are_not_heard_of_those_who_come_during_a_question_share_the_next_one()
    {
        _gateway.Get<InvalidationClock>().Leave();
        Answers(first: 1);
        var before = Pull();
        await Eventually.True(() => _gateway.Upstream.Asked.Count == 1, "it is asked for");
        var after = Task.WhenAll(Pull(), Pull());
        _hold.SetResult();
        Assert.Equal(One.Bytes, await before);
        Assert.All(await after, bytes => Assert.Equal(Two.Bytes, bytes));
        Assert.Equal(2, _gateway.Upstream.Asked.Count);
    }

    /// <summary>The tag is what it was before by one of the answers, and what was written by all others.</summary>
    private void Answers(int first)
    {
        _gateway.Upstream.Hold = _hold;
        _gateway.Upstream.Answer = _ =>
        {
            var blob = Interlocked.Increment(ref _answers) == first ? One : Two;
            return ScriptedUpstream.Ok(blob.Bytes, Oci, blob.Digest.Value);
        };
    }

    private async Task<byte[]> Pull()
    {
        var request = _gateway.Request("GET", "/v2/a/b/manifests/v1", headers: ("Accept", $"{Oci}, {Index}"));
        Assert.Equal(default, await _gateway.Get<ManifestCache>().Serve(request));
        return CacheGateway.BodyOf(request);
    }
}
