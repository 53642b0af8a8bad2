using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Http.Headers;
using RegistryProxy.Files;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Peers;

/// <summary>
/// Reads blobs of other gateways: by HTTP/2 and mutual TLS, from the addresses alone that gateways gave the cluster, without proxies and
/// redirects. A gateway that does not answer pings is given up within seconds, also in the middle of a blob.
/// </summary>
internal sealed partial class PeerClient(LocalPeer local, TimeProvider time, ILogger<PeerClient> logger) : IDisposable
{
    private readonly HttpMessageInvoker _http = new(Transport(local));

    /// <summary>
    /// The answer with its body to be read, from an offset on; <c>null</c> when this gateway does not give it within
    /// <paramref name="callTimeout"/>.
    /// </summary>
    public async Task<HttpResponseMessage?> Open(
        FetchMember holder, string ticket, Digest digest, long? from, TimeSpan callTimeout, CancellationToken cancellation)
    {
        if (!IPAddress.TryParse(holder.Address.IdnHost, out _) || holder.Address.Scheme != Uri.UriSchemeHttps)
        {
            return null;
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, HttpOrigin.Of(holder.Address).At(PeerPath.Of(digest)))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", ticket),
                Range = from is null ? null : new RangeHeaderValue(from, null) },
        };
        using var timeout = new CancellationTokenSource(callTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            var response = await _http.SendAsync(request, either.Token);
            if (response.StatusCode == (from is null ? HttpStatusCode.OK : HttpStatusCode.PartialContent))
            {
                return WithMinimumRate(response);
            }

            LogRefused(holder.Address, (int)response.StatusCode);
            response.Dispose();
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or OperationCanceledException
            && !cancellation.IsCancellationRequested)
        {
            LogUnreachable(holder.Address, fault.InnerException?.Message ?? fault.Message);
        }

        return null;
    }

    public void Dispose() => _http.Dispose();

    private HttpResponseMessage WithMinimumRate(HttpResponseMessage response)
    {
        response.Content = response.Headers.Contains(MinimumRateContent.CompleteHeader) ? new MinimumRateContent(response.Content, time)
            : response.Content;
        return response;
    }

    private static SocketsHttpHandler Transport(LocalPeer local)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = null,
            ConnectTimeout = TimeSpan.FromSeconds(3),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(20),
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
            EnableMultipleHttp2Connections = true,
            InitialHttp2StreamWindowSize = 1024 * 1024,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            KeepAlivePingDelay = TimeSpan.FromSeconds(1),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(3),
        };
        if (local.Certificates is { } members)
        {
            handler.ConnectCallback = members.Connect;
        }

        return handler;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The gateway at {Address} does not serve a blob: {Status}")]
    private partial void LogRefused(Uri address, int status);

    [LoggerMessage(Level = LogLevel.Information, Message = "The gateway at {Address} cannot be read from: {Cause}")]
    private partial void LogUnreachable(Uri address, string cause);
}

/// <summary>The one thing that a peer listener serves: <c>/peer/v1/blobs/DIGEST</c>.</summary>
internal static class PeerPath
{
    private const string Prefix = "/peer/v1/blobs/";

    public static OriginForm Of(Digest digest) => OriginForm.Of(Prefix + digest.Value);

    public static bool TryParse(string target, [NotNullWhen(true)] out Digest? digest)
    {
        digest = null;
        return target.StartsWith(Prefix, StringComparison.Ordinal) && Digest.TryParse(target.AsSpan(Prefix.Length), out digest);
    }
}

/// <summary>
/// A blob that another gateway has whole on its disk: it comes fast, or that gateway is in trouble. One that is still downloading may be as
/// slow as its upstream.
/// </summary>
internal sealed class MinimumRateContent : HttpContent
{
    /// <summary>Of an answer from the disk of a gateway, with the value <c>true</c>.</summary>
    public const string CompleteHeader = "RegistryProxy-Complete";

    private readonly HttpContent _inner;
    private readonly TimeProvider _time;

    public MinimumRateContent(HttpContent inner, TimeProvider time)
    {
        (_inner, _time) = (inner, time);
        (Headers.ContentLength, Headers.ContentRange) = (inner.Headers.ContentLength, inner.Headers.ContentRange);
    }

    protected override async Task<Stream> CreateContentReadStreamAsync() => new MinimumRateStream(await _inner.ReadAsStreamAsync(), _time);

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

    /// <summary>A body that has to come at 16 KiB a second at least, counted while it is waited for.</summary>
    private sealed class MinimumRateStream(Stream inner, TimeProvider time) : ReadingStream(inner)
    {
        private const int BytesAtLeast = 160 * 1024;

        private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

        private CancellationTokenSource? _stop;
        private CancellationToken _linked;
        private TimeSpan _waited;
        private long _came;

        /// <exception cref="IOException">It is too slow.</exception>
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Link(cancellationToken);
            var reading = Inner.ReadAsync(buffer, _stop!.Token);
            var read = reading.IsCompleted ? await reading : await Wait(reading.AsTask());
            _came += read;
            if (_came >= BytesAtLeast)
            {
                (_came, _waited) = (0, TimeSpan.Zero);
            }

            return read;
        }

        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            if (disposing)
            {
                _stop?.Dispose();
            }
        }

        /// <summary>Reads of one answer have one token, as a rule.</summary>
        private void Link(CancellationToken cancellation)
        {
            if (_stop is null || _linked != cancellation)
            {
                _stop?.Dispose();
                (_stop, _linked) = (CancellationTokenSource.CreateLinkedTokenSource(cancellation), cancellation);
            }
        }

        private async Task<int> Wait(Task<int> reading)
        {
            var (began, left) = (time.GetTimestamp(), Window - _waited);
            try
            {
                return await reading.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
            }
            catch (TimeoutException)
            {
                // The buffer is the reader's until this has ended, and another's afterwards.
                await _stop!.CancelAsync();
                await ((Task)reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw new IOException($"less than {BytesAtLeast / 1024} KiB came in {Window.TotalSeconds:0} s");
            }
            finally
            {
                _waited += time.GetElapsedTime(began);
            }
        }
    }
}
