using System.Net;
using RegistryProxy.Files;

namespace RegistryProxy.Egress;

/// <summary>
/// Bounds the answers of servers that are asked small questions, such as token services: whoever reads more than the bound, a library of
/// others included, gets an <see cref="AnswerTooLargeException"/> instead.
/// </summary>
/// <param name="maxBytes">The longest body of an answer, in bytes.</param>
/// <param name="inner">Sends the requests.</param>
public sealed class AnswerLimit(long maxBytes, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        Limit(await base.SendAsync(request, cancellationToken), request);

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        Limit(base.Send(request, cancellationToken), request);

    private HttpResponseMessage Limit(HttpResponseMessage response, HttpRequestMessage request)
    {
        if (response.Content.Headers.ContentLength > maxBytes)
        {
            response.Dispose();
            throw new AnswerTooLargeException(request.RequestUri!, maxBytes);
        }

        response.Content = new Limited(response.Content, maxBytes, request.RequestUri!);
        return response;
    }

    private sealed class Limited : HttpContent
    {
        private readonly HttpContent _inner;
        private readonly long _maxBytes;
        private readonly Uri _address;

        public Limited(HttpContent inner, long maxBytes, Uri address)
        {
            (_inner, _maxBytes, _address) = (inner, maxBytes, address);
            foreach (var (name, values) in inner.Headers.NonValidated)
            {
                Headers.TryAddWithoutValidation(name, values);
            }
        }

        protected override async Task<Stream> CreateContentReadStreamAsync() => Limit(await _inner.ReadAsStreamAsync());

        protected override Stream CreateContentReadStream(CancellationToken cancellationToken) =>
            Limit(_inner.ReadAsStream(cancellationToken));

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            await (await CreateContentReadStreamAsync()).CopyToAsync(stream);

        protected override async Task SerializeToStreamAsync(
            Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
            await (await CreateContentReadStreamAsync()).CopyToAsync(stream, cancellationToken);

        protected override bool TryComputeLength(out long length)
        {
            length = _inner.Headers.ContentLength ?? 0;
            return _inner.Headers.ContentLength is not null;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _inner.Dispose();
            }

            base.Dispose(disposing);
        }

        private LimitedStream Limit(Stream body) =>
            new(body, _maxBytes, byLine: false, () => new AnswerTooLargeException(_address, _maxBytes));
    }
}

/// <summary>A server answered with more than is read from it.</summary>
/// <param name="address">The address that was asked; only its host is told.</param>
/// <param name="maxBytes">The longest body that is read, in bytes.</param>
public sealed class AnswerTooLargeException(Uri address, long maxBytes)
    : IOException($"{address.IdnHost} answers with more than {maxBytes} bytes");
