using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.NodeAgent.Telemetry;
using Yarp.ReverseProxy.Forwarder;

namespace RegistryProxy.NodeAgent.Images.Cri;

/// <summary>
/// In front of another image service: every call passes as it came, whether its RPC, fields and metadata are known here or not, with
/// kubelet's deadline and cancellation. Only a pull is opened, to put a credential in.
/// </summary>
internal sealed class CriForwarder(IHttpForwarder forwarder, CriPull pulls, CriChannel channel, AgentMetrics metrics)
{
    /// <summary>
    /// A pull, and the same as kubelets before 1.26 and old tools call it: the messages of the two versions are alike.
    /// </summary>
    private static readonly string[] PullPaths = ["/runtime.v1.ImageService/PullImage", "/runtime.v1alpha2.ImageService/PullImage"];

    private static readonly ForwarderRequestConfig Config = new()
    {
        ActivityTimeout = Timeout.InfiniteTimeSpan, Version = new Version(2, 0), VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    public async Task Handle(HttpContext context)
    {
        if (await channel.WhyUnreachable(context.RequestAborted) is { } why)
        {
            GrpcAnswer.Fail(context, StatusCode.Unavailable, why);
        }
        else if (context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget is var target && PullPaths.Contains(target))
        {
            using var measured = metrics.BeginPull();
            measured.Succeeded = await pulls.Run(context, target);
        }
        else
        {
            await Forward(context);
        }
    }

    private async Task Forward(HttpContext context)
    {
        var error = await forwarder.SendAsync(context, CriChannel.Origin, channel.Invoker, Config, HttpTransformer.Default);
        if (error != ForwarderError.None && !context.Response.HasStarted)
        {
            var cause = context.Features.Get<IForwarderErrorFeature>()?.Exception?.Message ?? error.ToString();
            GrpcAnswer.Fail(context, StatusCode.Unavailable, $"{channel.Name} aborted the call: {cause}");
        }
    }
}
