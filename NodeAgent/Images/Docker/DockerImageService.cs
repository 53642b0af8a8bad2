using Grpc.Core;
using RegistryProxy.NodeAgent.Images.Wire;
using RegistryProxy.NodeAgent.Telemetry;

namespace RegistryProxy.NodeAgent.Images.Docker;

/// <summary>The image service of the CRI in front of the Docker Engine.</summary>
internal sealed class DockerImageService(
    DockerImages images, DockerPull pull, DockerRemoval removal, DockerUsage usage, AgentMetrics metrics)
    : ImageService.ImageServiceBase
{
    /// <summary>Images in one message of a stream: some hundred bytes each.</summary>
    private const int PerMessage = 500;

    public override async Task<ListImagesResponse> ListImages(ListImagesRequest request, ServerCallContext context)
    {
        var response = new ListImagesResponse();
        response.Images.Add(await images.List(request.Filter, context.CancellationToken));
        return response;
    }

    public override async Task StreamImages(
        StreamImagesRequest request, IServerStreamWriter<StreamImagesResponse> responseStream, ServerCallContext context)
    {
        foreach (var some in (await images.List(request.Filter, context.CancellationToken)).Chunk(PerMessage))
        {
            var message = new StreamImagesResponse();
            message.Images.Add(some);
            await responseStream.WriteAsync(message, context.CancellationToken);
        }
    }

    public override async Task<ImageStatusResponse> ImageStatus(ImageStatusRequest request, ServerCallContext context)
    {
        var response = new ImageStatusResponse();
        if (await images.Find(request.Image?.Image ?? "", context.CancellationToken) is { } image)
        {
            response.Image = await images.Describe(image, context.CancellationToken);
            if (request.Verbose)
            {
                response.Info["info"] = DockerConversion.Info(image);
            }
        }

        return response;
    }

    public override async Task<PullImageResponse> PullImage(PullImageRequest request, ServerCallContext context)
    {
        using var measured = metrics.BeginPull();
        var id = await pull.Pull(request.Image?.Image ?? "", request.Auth, context.CancellationToken);
        measured.Succeeded = true;
        return new PullImageResponse { ImageRef = id };
    }

    public override async Task<RemoveImageResponse> RemoveImage(RemoveImageRequest request, ServerCallContext context)
    {
        await removal.Remove(request.Image?.Image ?? "", context.CancellationToken);
        return new RemoveImageResponse();
    }

    public override Task<ImageFsInfoResponse> ImageFsInfo(ImageFsInfoRequest request, ServerCallContext context) =>
        usage.Info(context.CancellationToken);
}
