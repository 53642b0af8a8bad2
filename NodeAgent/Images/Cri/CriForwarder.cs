using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.NodeAgent.Telemetry;
using Yarp.ReverseProxy.Forwarder;

namespace RegistryProxy.NodeAgent.Images.Cri;

/// <summary>
/// In front of another image service: every call passes as it came, whether its RPC, fields and metadata are known here or not, with kubelet's
/// deadline and cancellation. Only a pull is opened, to put a credential in.
/// </summary>
internal sealed class CriForwarder(IHttpForwarder forwarder, CriPull pulls, CriChannel channel, AgentMetrics metrics)
{
    private const string PullPath = "/runtime.v1.ImageService/PullImage";

    private static readonly ForwarderRequestConfig Config = new()
    {
        ActivityTimeout = Timeout.InfiniteTimeSpan, Version = new Version(2, 0), VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    public async Task Handle(HttpContext context)
    {
        if (await channel.WhyUnreachable(context.RequestAborted) is { } why)
        {
            GrpcAnswer.Fail(context, StatusCode.Unavailable, why);
            return;
        }

        if (context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget != PullPath)
        {
            await Forward(context, HttpTransformer.Default);
            return;
        }

        using var measured = metrics.BeginPull();
        if (await pulls.Prepare(context) is not { } credential)
        {
            return;
        }

        var answer = new CriPullTransformer();
        await Forward(context, answer);
        measured.Succeeded = answer.Succeeded;
        if (!answer.Succeeded && PullFailure.IsUnauthorized(answer.Message))
        {
            // The session was ended meanwhile: kubelet's next try proves the node anew.
            credential.Forget();
        }
    }

    private async Task Forward(HttpContext context, HttpTransformer transformer)
    {
        var error = await forwarder.SendAsync(context, "http://localhost", channel.Invoker, Config, transformer);
        if (error != ForwarderError.None && !context.Response.HasStarted)
        {
            var cause = context.Features.Get<IForwarderErrorFeature>()?.Exception?.Message ?? error.ToString();
            GrpcAnswer.Fail(context, StatusCode.Unavailable, $"{channel.Name} cut the call: {cause}");
        }
    }
}
