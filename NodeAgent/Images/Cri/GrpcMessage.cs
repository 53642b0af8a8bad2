using System.Buffers.Binary;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace RegistryProxy.NodeAgent.Images.Cri;

/// <summary>The one message of a call (gRPC over HTTP/2): a flag, a length, the bytes.</summary>
internal static class GrpcMessage
{
    /// <summary>The largest message, as kubelet's, in bytes.</summary>
    public const int MaxMessage = 16 * 1024 * 1024;

    /// <summary>The bytes of the flag and the length.</summary>
    public const int Prefix = 5;

    /// <summary>Reads the message with its prefix; <c>null</c> when the call was answered with a failure instead.</summary>
    public static async Task<byte[]?> Read(HttpContext context)
    {
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = MaxMessage + Prefix;
        using var buffer = new MemoryStream();
        try
        {
            await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
        }
        catch (BadHttpRequestException)
        {
            GrpcAnswer.Fail(context, StatusCode.ResourceExhausted, $"the message is larger than {MaxMessage} bytes");
            return null;
        }

        var body = buffer.ToArray();
        if (body.Length < Prefix || BinaryPrimitives.ReadUInt32BigEndian(body.AsSpan(1)) != (uint)(body.Length - Prefix))
        {
            GrpcAnswer.Fail(context, StatusCode.InvalidArgument, "the request is not one gRPC message");
            return null;
        }

        if (body[0] != 0)
        {
            GrpcAnswer.Fail(context, StatusCode.Unimplemented, "compressed requests are not taken here");
            return null;
        }

        return body;
    }

    /// <summary>A message with its prefix.</summary>
    public static byte[] Frame(IMessage message)
    {
        var frame = new byte[Prefix + message.CalculateSize()];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), frame.Length - Prefix);
        message.WriteTo(frame.AsSpan(Prefix));
        return frame;
    }
}
