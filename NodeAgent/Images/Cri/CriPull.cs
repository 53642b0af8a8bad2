using Google.Protobuf;
using Grpc.Core;
using RegistryProxy.NodeAgent.Images.Pulls;
using RegistryProxy.NodeAgent.Images.Wire;
using RegistryProxy.NodeAgent.Names;

namespace RegistryProxy.NodeAgent.Images.Cri;

/// <summary>
/// Puts a credential into a pull and leaves everything else of the message as it came; one that needs none goes on byte for byte. Where the
/// front door has ended the session meanwhile, the pull is made once more under a new one, before kubelet hears of it.
/// </summary>
internal sealed class CriPull(PullCredentials credentials, CriCall calls)
{
    /// <summary>Pulls, and answers the call. Whether it went well.</summary>
    public async Task<bool> Run(HttpContext context, string path)
    {
        if (await GrpcMessage.Read(context) is not { } message || Parse(context, message) is not { } request)
        {
            return false;
        }

        for (var again = true; await Find(context, request) is { } credential; again = false)
        {
            using var answer = await calls.Send(context, path, credential.Session is null ? message : With(credential, request));
            if (answer is null)
            {
                return false;
            }

            if (!again || answer.Succeeded || !PullFailure.IsUnauthorized(answer.Message, request.Image?.Image ?? "")
                || !credential.Forget())
            {
                await answer.WriteTo(context);
                return answer.Succeeded;
            }
        }

        return false;
    }

    private static byte[] With(PullCredential credential, PullImageRequest request)
    {
        var changed = request.Clone();
        changed.Auth = credential.Auth;
        return GrpcMessage.Frame(changed);
    }

    private static PullImageRequest? Parse(HttpContext context, byte[] message)
    {
        try
        {
            return PullImageRequest.Parser.ParseFrom(message.AsSpan(GrpcMessage.Prefix));
        }
        catch (InvalidProtocolBufferException fault)
        {
            GrpcAnswer.Fail(context, StatusCode.InvalidArgument, $"the request is no PullImageRequest: {fault.Message}");
            return null;
        }
    }

    private async Task<PullCredential?> Find(HttpContext context, PullImageRequest request)
    {
        var reference = request.Image?.Image ?? "";
        if (!ImageName.TryParse(reference, out var name))
        {
            return new PullCredential(request.Auth, null, null);
        }

        var outcome = await credentials.For(name, name, request.Auth, context.RequestAborted);
        if (!outcome.Succeeded(out var credential, out var failure))
        {
            GrpcAnswer.Fail(context, PullFailure.Of(reference, name.Domain, failure).Status);
        }

        return credential;
    }
}
