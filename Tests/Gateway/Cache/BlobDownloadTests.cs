using System.IO.Pipelines;
using System.Net;
using RegistryProxy.Gateway.Cache.Blobs;
using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Time;

namespace RegistryProxy.Tests.Gateway.Cache;

/// <summary>One download that many read from: what they get of it and when, who ends it, and what is kept.</summary>
public sealed partial class BlobDownloadTests : IDisposable
{
    private const int MegaByte = 1024 * 1024;

    private static readonly TestBlob Blob = TestBlob.Random(1, 100);

    private readonly CacheGateway _gateway = new(cache => cache with { MaxBytes = 12 * MegaByte }, isPeer: true);
    private readonly Pipe _body = new(new PipeOptions(pauseWriterThreshold: 0));

    public BlobDownloadTests()
    {
        foreach (var port in (int[])[5000, 5001, 5003])
        {
            _gateway.Listener.Addresses.Add($"https://0.0.0.0:{port}");
        }

        _gateway.Upstream.Answer = _ => ScriptedUpstream.Ok(_body.Reader, Blob.Bytes.Length);
    }

    public void Dispose() => _gateway.Dispose();

    [Fact]
    public async Task Readers_get_bytes_as_they_come_and_the_last_one_when_all_are_right()
    {
        var (download, run) = Begin(Blob);
        Assert.Null(await download.Head(default));
        Assert.Equal((100L, true, false, DownloadEnd.Open), (download.Size, download.IsKept, download.IsFromPeer, download.End));
        var waiting = download.WaitBeyond(0, default).AsTask();
        Assert.False(waiting.IsCompleted);
        await Send(0, 60);
        Assert.Equal(60, await waiting);
        Assert.Equal(Blob.Bytes[..60], Read(download, 60));
        var last = download.WaitBeyond(99, default).AsTask();
        await Send(60, 99);
        Assert.Equal(99, await download.WaitBeyond(60, default));
        Assert.False(last.IsCompleted);
        await Send(99, 100);
        await run;
        Assert.Equal((100L, DownloadEnd.Complete), (await last, download.End));
        Assert.Equal(-1, await download.WaitBeyond(100, default));
        Assert.Equal(Blob.Bytes, Read(download, 100));
        Assert.Null(download.Fault);
        Assert.True(IsStored(Blob));
        Assert.Equal([(Key(Blob), 1L, true)], _gateway.Grains.Ended);
    }

    [Fact]
    public async Task The_file_is_open_for_as_long_as_somebody_reads()
    {
        var (download, run) = Begin(Blob);
        Assert.True(download.TryJoin());
        await Send(0, 100);
        await run;
        download.Leave();
        Assert.Equal(Blob.Bytes, Read(download, 100));
        Assert.False(download.TryJoin());
        download.Leave();
        Assert.True(download.File.IsClosed);
        download.Dispose();
    }

    [Fact]
    public async Task Bytes_that_are_not_what_the_digest_says_have_no_last_one_and_are_not_kept()
    {
        var (download, run) = Begin(TestBlob.Random(2, 100));
        await Send(0, 100);
        await run;
        Assert.Equal(DownloadEnd.Corrupt, download.End);
        Assert.Equal(99, await download.WaitBeyond(0, default));
        Assert.Equal(-1, await download.WaitBeyond(99, default));
        Assert.Equal(1, _gateway.Get<CacheMeter>().Corruptions);
        Assert.False(IsStored(download.Starter.Digest));
        Assert.Equal([(download.Starter.Digest, 1L, false)], _gateway.Grains.Ended.Select(
            end => (download.Starter.Digest, end.Term, end.Kept)));
    }

    [Fact]
    public async Task What_the_upstream_refuses_is_everybodys_answer()
    {
        _gateway.Upstream.Answer = _ => new HttpResponseMessage(HttpStatusCode.NotFound);
        var (download, run) = Begin(Blob);
        await run;
        Assert.Equal(404, (await download.Head(default))!.Status);
        Assert.Equal((DownloadEnd.Failed, false), (download.End, download.IsKept));
        Assert.Equal(-1, await download.WaitBeyond(0, default));
        Assert.False(download.TryJoin());
        Assert.Null(download.Fault);
    }

    [Theory]
    [InlineData(null)]
    [InlineData((6L * MegaByte) + 1)]
    public async Task A_blob_whose_length_nobody_knows_or_that_is_too_long_is_not_kept(long? length)
    {
        _gateway.Upstream.Answer = _ => ScriptedUpstream.Ok(_body.Reader, length);
        var (download, run) = Begin(Blob);
        await run;
        Assert.Null(await download.Head(default));
        Assert.Equal((DownloadEnd.NotKept, false, length ?? -1), (download.End, download.IsKept, download.Size));
    }

    [Theory]
    [InlineData(49, false)]
    [InlineData(50, true)]
    public async Task When_the_last_reader_leaves_it_goes_on_from_half_of_it(int come, bool goesOn)
    {
        var (download, run) = Begin(Blob);
        await download.Head(default);
        Assert.True(download.TryJoin());
        await Send(0, come);
        Assert.Equal(come, await download.WaitBeyond(come - 1, default));
        download.Leave();
        Assert.True(download.TryJoin());
        download.Leave();
        download.Leave();
        Assert.Equal(goesOn, download.TryJoin());
        await Send(come, 100);
        await run;
        Assert.Equal(goesOn ? DownloadEnd.Complete : DownloadEnd.Failed, download.End);
        Assert.Equal(goesOn, IsStored(Blob));
    }

    [Fact]
    public async Task When_everybody_leaves_before_the_answer_it_ends()
    {
        _gateway.Upstream.Hold = new TaskCompletionSource();
        var (download, run) = Begin(Blob);
        download.Leave();
        await run;
        Assert.Equal(DownloadEnd.Failed, download.End);
        Assert.Null(download.Fault);
        download.Dispose();
        download.Leave();
    }

    [Fact]
    public async Task Who_stops_waiting_takes_nobody_along()
    {
        var (download, run) = Begin(Blob);
        using var gone = new CancellationTokenSource();
        var (head, bytes) = (download.Head(default), download.WaitBeyond(0, gone.Token).AsTask());
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => bytes);
        Assert.Null(await head);
        await Send(0, 100);
        await run;
        Assert.Equal(DownloadEnd.Complete, download.End);
    }

    [Fact]
    public async Task A_blob_of_nothing_is_checked_before_its_head_is_told()
    {
        var nothing = new TestBlob([]);
        _gateway.Upstream.Answer = _ => ScriptedUpstream.Ok([]);
        var (download, run) = Begin(nothing);
        await run;
        Assert.Null(await download.Head(default));
        Assert.Equal((DownloadEnd.Complete, true), (download.End, IsStored(nothing)));

        (download, run) = Begin(Blob);
        await run;
        var error = await download.Head(default);
        Assert.Equal((502, "upstream 'up-acme' sent a blob that does not match its digest", 5),
            (error!.Status, error.Message, error.RetryAfterSeconds));
        Assert.Equal((DownloadEnd.Corrupt, false), (download.End, IsStored(Blob)));
        Assert.Equal(1, _gateway.Get<CacheMeter>().Corruptions);
    }

    [Fact]
    public async Task A_download_that_is_cut_goes_on_where_it_was()
    {
        _gateway.Upstream.Answer = request => request.Headers.Range is null
            ? ScriptedUpstream.Ok(_body.Reader, 100) : ScriptedUpstream.Rest(Blob.Bytes, 60);
        var (download, run) = Begin(Blob);
        await Send(0, 60);
        await _body.Writer.CompleteAsync();
        await _gateway.Time.Passing(Ended(run), TimeSpan.FromMilliseconds(100));
        Assert.Equal((DownloadEnd.Complete, true), (download.End, IsStored(Blob)));
        Assert.Equal([$"GET /v2/a/b/blobs/{Blob.Digest}", $"GET /v2/a/b/blobs/{Blob.Digest} bytes=60-99"], _gateway.Upstream.Asked);
    }

    [Fact]
    public async Task One_that_is_cut_and_does_not_go_on_fails()
    {
        _gateway.Upstream.Answer = request => request.Headers.Range is null
            ? ScriptedUpstream.Ok(_body.Reader, 100) : throw new HttpRequestException("down");
        var (download, run) = Begin(Blob);
        await Send(0, 60);
        await _body.Writer.CompleteAsync();
        await _gateway.Time.Passing(Ended(run), TimeSpan.FromMilliseconds(100));
        Assert.Equal((DownloadEnd.Failed, 60L), (download.End, await download.WaitBeyond(59, default)));
        Assert.Equal(-1, await download.WaitBeyond(60, default));
        Assert.Null(download.Fault);
    }

    [Theory]
    [InlineData(60 * 1024, true)]
    [InlineData((60 * 1024) - 1, false)]
    public async Task A_minute_must_bring_sixty_kilobytes(int bytes, bool goesOn)
    {
        var large = TestBlob.Random(3, MegaByte);
        _gateway.Upstream.Answer = _ => ScriptedUpstream.Ok(_body.Reader, MegaByte);
        var (download, run) = Begin(large);
        await download.Head(default);
        for (var minute = 0; minute < 3 && !run.IsCompleted; minute++)
        {
            await _body.Writer.WriteAsync(large.Bytes.AsMemory(minute * bytes, bytes));
            Assert.Equal((minute + 1) * bytes, await download.WaitBeyond(((minute + 1) * bytes) - 1, default));
            await _gateway.Time.Pass(TimeSpan.FromSeconds(59), TimeSpan.FromSeconds(1));
        }

        Assert.Equal(!goesOn, run.IsCompleted);
        Assert.Equal(goesOn ? DownloadEnd.Open : DownloadEnd.Failed, download.End);
    }

    [Fact]
    public async Task What_nobody_expects_is_told_as_a_fault_and_to_clients_as_no_answer()
    {
        _gateway.Upstream.Answer = _ => throw new InvalidOperationException("a bug");
        var (download, run) = Begin(Blob);
        await run;
        Assert.IsType<InvalidOperationException>(download.Fault);
        Assert.Equal((503, DownloadEnd.Failed), ((await download.Head(default))!.Status, download.End));
        download.Leave();
    }

    [Fact]
    public async Task Without_readers_nothing_stays_open_after_its_end()
    {
        var (download, run) = Begin(Blob);
        await Send(0, 60);
        Assert.Equal(60, await download.WaitBeyond(59, default));
        download.Leave();
        await Send(60, 100);
        await run;
        Assert.Equal((DownloadEnd.Complete, true), (download.End, download.File.IsClosed));
    }

    private static async Task<bool> Ended(Task run)
    {
        await run;
        return true;
    }

    private static byte[] Read(BlobDownload download, int count)
    {
        var bytes = new byte[count];
        Assert.Equal(count, RandomAccess.Read(download.File, bytes, 0));
        return bytes;
    }

    private static string Key(TestBlob blob) =>
        new FetchKey("acme", CacheGateway.IdentityOf("acme"), RepositoryName.Parse("a/b"), blob.Digest).ToString();

    private bool IsStored(TestBlob blob) => IsStored(blob.Digest);

    private bool IsStored(Digest digest) => _gateway.Get<DiskStore>().OwnerOf(StoredBlobs.NameOf(digest)) is not null;

    private async Task Send(int from, int end) => await _body.Writer.WriteAsync(Blob.Bytes.AsMemory(from, end - from));

    /// <summary>Begins one with one reader.</summary>
    private (BlobDownload Download, Task Run) Begin(TestBlob blob)
    {
        var request = _gateway.Request("GET", $"/v2/a/b/blobs/{blob.Digest}");
        var (link, fetch) = (RepositoryLink.Of(request, blob.Digest), Fetch.Blob(request, blob.Digest));
        var download = new BlobDownload(
            link, fetch, _gateway.Get<DiskStore>(), _gateway.Get<DownloadSources>().For(fetch, link), _gateway.Get<CacheMeter>(),
            _gateway.Time) { Asked = _gateway.Get<InvalidationClock>().Mark(link.Repository) };
        Assert.True(download.TryJoin());
        return (download, download.Run());
    }
}
