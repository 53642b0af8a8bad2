using Grpc.Core;
using Yarp.ReverseProxy.Forwarder;

namespace RegistryProxy.NodeAgent.Images.Cri;

/// <summary>Sends one pull to the image service behind this one and holds the answer, so that it may be sent once more.</summary>
internal sealed class CriCall(CriChannel channel)
{
    private static readonly Version Http2 = new(2, 0);

    /// <summary>Sends a message under the header fields of a call; <c>null</c> when the call was answered with a failure instead.</summary>
    public async Task<CriAnswer?> Send(HttpContext context, string path, byte[] message)
    {
        using var request = new HttpRequestMessage
        {
            Method = HttpMethod.Post, RequestUri = new Uri(CriChannel.Origin + path), Version = Http2,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(message),
        };
        await HttpTransformer.Empty.TransformRequestAsync(context, request, CriChannel.Origin, context.RequestAborted);
        request.Content.Headers.ContentLength = message.Length;
        HttpResponseMessage? response = null;
        try
        {
            response = await channel.Invoker.SendAsync(request, context.RequestAborted);
            await response.Content.LoadIntoBufferAsync(GrpcMessage.MaxMessage + GrpcMessage.Prefix, context.RequestAborted);
            return new CriAnswer(response);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            response?.Dispose();
            return null;
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or OperationCanceledException)
        {
            response?.Dispose();
            GrpcAnswer.Fail(
                context, StatusCode.Unavailable, $"{channel.Name} aborted the call: {fault.InnerException?.Message ?? fault.Message}");
            return null;
        }
    }
}
