using System.Buffers.Binary;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.NodeAgent.Doors;
using RegistryProxy.NodeAgent.Images.Wire;
using RegistryProxy.NodeAgent.Sessions;

namespace RegistryProxy.NodeAgent.Images.Cri;

/// <summary>
/// Puts a credential into a pull and leaves everything else of the message as it came. A pull that needs none goes on byte for byte.
/// </summary>
internal sealed class CriPull(PullCredentials credentials)
{
    /// <summary>The largest message, as kubelet's; the prefix is a flag and a length (gRPC over HTTP/2).</summary>
    private const int MaxMessage = 16 * 1024 * 1024;

    private const int Prefix = 5;

    /// <summary>Makes the request ready to be forwarded; <c>null</c> when it was answered with a failure instead.</summary>
    public async Task<PullCredential?> Prepare(HttpContext context)
    {
        if (await ReadMessage(context) is not { } body)
        {
            return null;
        }

        PullImageRequest request;
        try
        {
            request = PullImageRequest.Parser.ParseFrom(body.AsSpan(Prefix));
        }
        catch (InvalidProtocolBufferException fault)
        {
            GrpcAnswer.Fail(context, StatusCode.InvalidArgument, $"the request is no PullImageRequest: {fault.Message}");
            return null;
        }

        if (await Find(context, request) is not { } credential)
        {
            return null;
        }

        if (credential.Session is not null)
        {
            request.Auth = credential.Auth;
            body = Frame(request);
        }

        context.Request.Body = new MemoryStream(body);
        return credential;
    }

    private async Task<PullCredential?> Find(HttpContext context, PullImageRequest request)
    {
        var reference = request.Image?.Image ?? "";
        if (!ImageName.TryParse(reference, out var name))
        {
            return new PullCredential(request.Auth, null, null);
        }

        try
        {
            return await credentials.For(name, name, request.Auth, context.RequestAborted);
        }
        catch (DoorException failure)
        {
            GrpcAnswer.Fail(context, PullFailure.Of(reference, name.Domain, failure).Status);
            return null;
        }
    }

    private static byte[] Frame(PullImageRequest request)
    {
        var frame = new byte[Prefix + request.CalculateSize()];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), frame.Length - Prefix);
        request.WriteTo(frame.AsSpan(Prefix));
        return frame;
    }

    private static async Task<byte[]?> ReadMessage(HttpContext context)
    {
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = MaxMessage + Prefix;
        using var buffer = new MemoryStream();
        try
        {
            await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
        }
        catch (Exception fault) when (fault is BadHttpRequestException)
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
}
