using System.Net;
using System.Net.Http.Headers;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Tests.Support.Images;

namespace RegistryProxy.Tests.Gateway;

/// <summary>A download that is cut goes on, three tries long.</summary>
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
        _answers.Enqueue(_ => Cut(Content.Length));
        _answers.Enqueue(_ => null);
        await Assert.ThrowsAsync<IOException>(() => Read(Cut(1000)));
        Assert.Equal(0, _resumed);
    }

    private async Task<byte[]> Read(HttpResponseMessage first)
    {
        await using var body = new ResumingBody(
            first, 0, Content.Length, Content.Length, (from, _) => Task.FromResult(_answers.Dequeue()(from)), () => _resumed++,
            TimeProvider.System);
        using var all = new MemoryStream();
        var buffer = new byte[700];
        while (await body.Read(buffer, CancellationToken.None) is var read and > 0)
        {
            all.Write(buffer, 0, read);
        }

        return all.ToArray();
    }

    /// <summary>The whole, which ends too early.</summary>
    private static HttpResponseMessage Cut(int end) => new(HttpStatusCode.OK)
    {
        Content = new ByteArrayContent(Content[..end]) { Headers = { ContentLength = Content.Length } },
    };

    private static HttpResponseMessage Part(long from, int end) => new(HttpStatusCode.PartialContent)
    {
        Content = new ByteArrayContent(
            Content[(int)from..end]) { Headers = { ContentRange = new ContentRangeHeaderValue(from, Content.Length - 1, Content.Length) } },
    };
}
