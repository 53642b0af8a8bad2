using System.Net;

namespace RegistryProxy.Gateway.Peers;

/// <summary>
/// A blob that another gateway has whole on its disk: it comes fast, or that gateway is in trouble. One that is still downloading may be as
/// slow as its upstream.
/// </summary>
internal sealed class PacedContent : HttpContent
{
    /// <summary>Of an answer from the disk of a gateway, with the value <c>true</c>.</summary>
    public const string CompleteHeader = "RegistryProxy-Complete";

    private readonly HttpContent _inner;
    private readonly TimeProvider _time;

    public PacedContent(HttpContent inner, TimeProvider time)
    {
        (_inner, _time) = (inner, time);
        (Headers.ContentLength, Headers.ContentRange) = (inner.Headers.ContentLength, inner.Headers.ContentRange);
    }

    protected override async Task<Stream> CreateContentReadStreamAsync() => new PacedStream(await _inner.ReadAsStreamAsync(), _time);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        await (await CreateContentReadStreamAsync()).CopyToAsync(stream);

    protected override bool TryComputeLength(out long length)
    {
        length = Headers.ContentLength ?? 0;
        return Headers.ContentLength is not null;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
