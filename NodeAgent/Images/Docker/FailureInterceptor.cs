using Docker.DotNet;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace RegistryProxy.NodeAgent.Images.Docker;

/// <summary>Failures reach kubelet with their own words: what gRPC would make of an exception tells nobody anything.</summary>
internal sealed partial class FailureInterceptor(ILogger<FailureInterceptor> logger) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context);
        }
        catch (Exception fault)
        {
            throw Translate(fault, context);
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
            ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(request, responseStream, context);
        }
        catch (Exception fault)
        {
            throw Translate(fault, context);
        }
    }

    private RpcException Translate(Exception fault, ServerCallContext context)
    {
        var answer = fault switch
        {
            RpcException known => known,
            DockerApiException engine => new RpcException(new Status(StatusCode.Unknown, DockerStore.Words(engine))),
            OperationCanceledException => new RpcException(new Status(StatusCode.Cancelled, "the call was cancelled")),
            _ => new RpcException(new Status(StatusCode.Unknown, $"the image service failed: {fault.Message}")),
        };
        LogFailed(context.Method, answer.StatusCode, answer.Status.Detail);
        return answer;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Method} failed with {Code}: {Words}")]
    private partial void LogFailed(string method, StatusCode code, string words);
}
