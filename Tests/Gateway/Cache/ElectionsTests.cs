using RegistryProxy.Gateway.Cache.Blobs;
using RegistryProxy.Gateway.Peers;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Images;

namespace RegistryProxy.Tests.Gateway.Cache;

/// <summary>Who fetches a blob, and what becomes of that while the cluster does not answer.</summary>
public sealed class ElectionsTests : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);
    private static readonly FetchKey Blob = new("acme", "up", RepositoryName.Parse("a/b"), TestBlob.Of("blob").Digest);
    private static readonly FetchMember Holder = new("holder", new Uri("https://192.0.2.1:5003"), "print");

    private readonly CacheGateway _gateway = new(isPeer: true);
    private readonly Elections _elections;

    public ElectionsTests()
    {
        _elections = _gateway.Get<Elections>();
        Listen();
    }

    public void Dispose() => _gateway.Dispose();

    [Fact]
    public async Task The_cluster_says_who_it_is_of_this_blob_to_this_gateway()
    {
        (string, FetchMember, string?)? asked = null;
        _gateway.Grains.Elect = (blob, member, failed) =>
        {
            asked = (blob, member, failed);
            return Task.FromResult(new FetchElection { Term = 7, Holder = Holder });
        };
        Assert.Equal((7, Holder), await Elect("before") is { } election ? (election.Term, election.Holder) : default);
        Assert.Equal((Blob.ToString(), _gateway.Get<LocalPeer>().Member!, "before"), asked);
        Assert.Equal(new Uri("https://192.0.2.7:5003"), asked!.Value.Item2.Address);
    }

    [Fact]
    public async Task A_gateway_that_others_cannot_read_from_asks_nobody()
    {
        using var alone = new CacheGateway();
        Assert.Null(await alone.Get<Elections>().Elect(Blob, null, default));
        using var early = new CacheGateway(isPeer: true);
        Assert.Null(await early.Get<Elections>().Elect(Blob, null, default));
        Assert.Equal(0, alone.Grains.Elections + early.Grains.Elections);
    }

    [Fact]
    public async Task A_cluster_that_does_not_answer_is_left_alone_for_five_seconds()
    {
        var answer = _gateway.Grains.Elect;
        _gateway.Grains.Elect = (_, _, _) => throw new InvalidOperationException("away");
        Assert.Null(await Elect());
        _gateway.Grains.Elect = answer;
        _gateway.Time.Advance(Pause - Tick);
        Assert.Null(await Elect());
        Assert.Equal(1, _gateway.Grains.Elections);
        _gateway.Time.Advance(Tick);
        Assert.NotNull(await Elect());
        Assert.NotNull(await Elect());
        Assert.Equal(3, _gateway.Grains.Elections);
    }

    [Fact]
    public async Task One_that_answers_too_late_is_left_alone()
    {
        _gateway.Grains.Elect = (_, _, _) => new TaskCompletionSource<FetchElection>().Task;
        var asked = Elect().AsTask();
        _gateway.Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Null(await asked);
        Assert.Null(await Elect());
        Assert.Equal(1, _gateway.Grains.Elections);
    }

    [Fact]
    public async Task Who_leaves_says_nothing_of_the_cluster()
    {
        using var gone = new CancellationTokenSource();
        var never = new TaskCompletionSource<FetchElection>();
        var answer = _gateway.Grains.Elect;
        _gateway.Grains.Elect = (_, _, _) => never.Task;
        var asked = _elections.Elect(Blob, null, gone.Token).AsTask();
        await gone.CancelAsync();
        Assert.Null(await asked);
        _gateway.Grains.Elect = answer;
        Assert.NotNull(await Elect());
    }

    [Fact]
    public async Task The_cluster_is_told_how_it_ended_and_nobody_minds_when_it_cannot_be()
    {
        await _elections.End(Blob, 7, kept: true);
        await _elections.End(Blob, 8, kept: false);
        Assert.Equal([(Blob.ToString(), 7, true), (Blob.ToString(), 8, false)], _gateway.Grains.Ended);
        _gateway.Grains.End = () => throw new InvalidOperationException("away");
        await _elections.End(Blob, 9, kept: true);
        Assert.NotNull(await Elect());
    }

    private void Listen()
    {
        foreach (var port in (int[])[5000, 5001, 5003])
        {
            _gateway.Listener.Addresses.Add($"https://0.0.0.0:{port}");
        }
    }

    private ValueTask<FetchElection?> Elect(string? failed = null) => _elections.Elect(Blob, failed, default);
}
