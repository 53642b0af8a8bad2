using System.Net;
using System.Net.Http.Headers;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Tests.Support.Images;

namespace RegistryProxy.Tests.Gateway;

/// <summary>A download that is cut goes on, three tries long each time that much came.</summary>
public sealed class ResumingBodyTests
{
    private static readonly byte[] Content = TestBlob.Random(796, 4000).Bytes;

    private readonly Queue<Func<long, HttpResponseMessage?>> _answers = [];
    private int _resumed;

    [Fact]
    public async Task An_upstream_that_is_not_back_at_once_is_tried_again()
    {
        _answers.Enqueue(_ => throw new HttpRequestException("connection refused"));
        _answers.Enqueue(_ => null);
        _answers.Enqueue(from => Part(from, Content.Length));
        Assert.Equal(Content, await Read(Cut(1000)));
        Assert.Equal(1, _resumed);
    }

    [Fact]
    public async Task It_may_be_cut_three_times()
    {
        _answers.Enqueue(from => Part(from, 2000));
        _answers.Enqueue(from => Part(from, 3000));
        _answers.Enqueue(from => Part(from, Content.Length));
        Assert.Equal(Content, await Read(Cut(1000)));
        Assert.Equal(3, _resumed);
    }

    [Fact]
    public async Task The_fourth_cut_ends_it_and_never_cleanly()
    {
        _answers.Enqueue(from => Part(from, 1500));
        _answers.Enqueue(from => Part(from, 2000));
        _answers.Enqueue(from => Part(from, 3000));
        await Assert.ThrowsAsync<IOException>(() => Read(Cut(1000)));
        Assert.Equal(3, _resumed);
    }

    [Fact]
    public async Task An_answer_that_is_not_the_rest_is_not_taken_for_it()
    {
        _answers.Enqueue(from => Part(from + 1, Content.Length));
        _answers.Enqueue(_ => new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(Content[1..]) });
        _answers.Enqueue(_ => null);
        await Assert.ThrowsAsync<IOException>(() => Read(Cut(1000)));
        Assert.Equal(0, _resumed);
    }

    [Fact]
    public async Task However_often_it_is_cut_it_goes_on_as_long_as_much_came_between()
    {
        var content = TestBlob.Random(797, 10 * ResumingBody.Progress).Bytes;
        for (var cut = 2; cut <= 10; cut++)
        {
            var end = cut * ResumingBody.Progress;
            _answers.Enqueue(from => Part(from, end, content));
        }

        Assert.Equal(content, await Read(Cut(ResumingBody.Progress, content), content));
        Assert.Equal(9, _resumed);
    }

    [Fact]
    public async Task From_who_knows_no_ranges_the_whole_is_taken_once_and_what_came_is_passed_over()
    {
        _answers.Enqueue(_ => Cut(3000));
        _answers.Enqueue(from => Part(from, Content.Length));
        Assert.Equal(Content, await Read(Cut(1000)));
        _answers.Enqueue(_ => Cut(3000));
        _answers.Enqueue(_ => Cut(Content.Length));
        _answers.Enqueue(_ => new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(Content[1..]) });
        await Assert.ThrowsAsync<IOException>(() => Read(Cut(1000)));
        Assert.Equal(3, _resumed);
    }

    private async Task<byte[]> Read(HttpResponseMessage first, byte[]? expected = null)
    {
        var length = (expected ?? Content).Length;
        await using var body = new ResumingBody(
            first, 0, length, length, (from, _) => Task.FromResult(_answers.Dequeue()(from)), () => _resumed++,
            TimeProvider.System);
        using var all = new MemoryStream();
        var buffer = new byte[expected is null ? 700 : 100_000];
        while (await body.Read(buffer, CancellationToken.None) is var read and > 0)
        {
            all.Write(buffer, 0, read);
        }

        return all.ToArray();
    }

    /// <summary>The whole, which ends too early.</summary>
    private static HttpResponseMessage Cut(int end, byte[]? content = null) => new(HttpStatusCode.OK)
    {
        Content = new ByteArrayContent((content ?? Content)[..end]) { Headers = { ContentLength = (content ?? Content).Length } },
    };

    private static HttpResponseMessage Part(long from, int end, byte[]? content = null)
    {
        content ??= Content;
        return new HttpResponseMessage(HttpStatusCode.PartialContent)
        {
            Content = new ByteArrayContent(content[(int)from..end])
            {
                Headers = { ContentRange = new ContentRangeHeaderValue(from, content.Length - 1, content.Length) },
            },
        };
    }
}
