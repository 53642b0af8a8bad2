using System.Net;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;
using Yarp.ReverseProxy.Forwarder;

namespace RegistryProxy.Gateway.Distribution;

/// <summary>
/// Writes that are here as a whole, a manifest or a deletion: they can be sent once more when the upstream's token was over.
/// </summary>
internal sealed class RepeatableWrites(UpstreamClient client, IllegibleWrites illegible, FailureLog failures, TimeProvider time)
{
    private const int Piece = 4 * 1024;

    /// <summary>
    /// Reads a manifest, held in <paramref name="held"/>; <c>null</c> with the error for the client, if it is still there.
    /// </summary>
    public async Task<(byte[]? Bytes, DistributionError? Error)> Read(
        RegistryRequest request, ForwardRequest forwarding, BodyAllowance.Holder held)
    {
        try
        {
            return (await Read(request.Context.Request, held, request.Aborted), null);
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException)
        {
            var error = fault is TooManyBodiesException
                ? UpstreamErrors.Unanswered(request.Upstream, fault)
                : UpstreamErrors.From(request.Upstream, forwarding, ForwarderError.RequestBodyClient, fault);
            return (null, failures.Tell(request, ForwarderError.RequestBodyClient, FailureCause.Of(fault), error));
        }
    }

    /// <summary>
    /// Puts a manifest; the answer, which the caller disposes of, or the error. What the client demands of the one before goes with it.
    /// </summary>
    public async Task<UpstreamResult> Put(RegistryRequest request, ManifestReference reference, ForwardRequest forwarding, byte[] bytes)
    {
        using var message = new HttpRequestMessage(HttpMethod.Put, (Uri?)null) { Content = new ByteArrayContent(bytes) };
        RequestHeaders.CopyConditions(request.Context.Request, message);
        if (request.Context.Request.ContentType is { Length: > 0 } type)
        {
            message.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        var result = await Send(request, forwarding, message);
        return result.IsIllegible && await illegible.Has(request, reference, bytes)
            ? new UpstreamResult(new HttpResponseMessage(HttpStatusCode.Created), null) : result;
    }

    /// <summary>Deletes.</summary>
    public async Task<UpstreamResult> Delete(RegistryRequest registryRequest, UpstreamRequest request)
    {
        using var message = new HttpRequestMessage(HttpMethod.Delete, (Uri?)null);
        RequestHeaders.CopyUpload(registryRequest.Context.Request, message);
        return await Send(registryRequest, request, message);
    }

    private async Task<UpstreamResult> Send(RegistryRequest registryRequest, UpstreamRequest request, HttpRequestMessage message)
    {
        using var watch = new IdleWatch(time, registryRequest.Aborted);
        var result = await client.Send(registryRequest.Upstream, request, message, watch.Token);
        if (result.Answer is { } answer)
        {
            registryRequest.Context.Response.StatusCode = (int)answer.StatusCode;
        }

        return result.Cause is { } cause
            ? result with { Error = failures.Tell(registryRequest, ForwarderError.Request, cause, result.Error!) } : result;
    }

    /// <summary>The body, held as it comes: what a length promises takes no memory.</summary>
    private static async Task<byte[]> Read(HttpRequest request, BodyAllowance.Holder held, CancellationToken cancellation)
    {
        var buffer = new byte[held.Take((int)Math.Min(request.ContentLength ?? Piece, Piece))];
        for (var filled = 0; ;)
        {
            if (filled == buffer.Length && filled == request.ContentLength)
            {
                return buffer;
            }

            if (filled == buffer.Length)
            {
                Array.Resize(ref buffer, filled + held.Take(Math.Max(Piece, filled)));
            }

            var read = await request.Body.ReadAsync(buffer.AsMemory(filled), cancellation);
            if (read == 0)
            {
                return buffer[..filled];
            }

            filled += read;
        }
    }
}
