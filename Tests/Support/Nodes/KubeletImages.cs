using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using RegistryProxy.NodeAgent.Images.Wire;

namespace RegistryProxy.Tests.Support.Nodes;

/// <summary>
/// An image service as kubelet calls it (kubernetes/cri-client, pkg/remote_image.go), with its deadlines, checks and conclusions.
/// </summary>
internal sealed class KubeletImages : IDisposable
{
    /// <summary>kubelet's largest message.</summary>
    private const int MaxMessage = 16 * 1024 * 1024;

    private readonly GrpcChannel _channel;

    public KubeletImages(string socket)
    {
        _channel = GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions
        {
            MaxReceiveMessageSize = MaxMessage,
            HttpHandler = new SocketsHttpHandler
            {
                ConnectCallback = async (_, cancellation) =>
                {
                    var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellation);
                    return new NetworkStream(connection, ownsSocket: true);
                },
            },
        });
        Client = new ImageService.ImageServiceClient(_channel);
    }

    public ImageService.ImageServiceClient Client { get; }

    public CallInvoker Calls => _channel.CreateCallInvoker();

    private static DateTime Deadline => DateTime.UtcNow.AddMinutes(2);

    /// <summary>Pulls; returns the identifier. kubelet sets no deadline.</summary>
    public async Task<string> Pull(string image, AuthConfig? auth = null, CancellationToken cancellation = default)
    {
        var request = new PullImageRequest { Image = new ImageSpec { Image = image }, Auth = auth, SandboxConfig = new PodSandboxConfig() };
        var reference = (await Client.PullImageAsync(request, cancellationToken: cancellation)).ImageRef;
        Assert.NotEmpty(reference);
        return reference;
    }

    /// <summary>What a failed pull says in the events of a pod; a code other than Unknown stands in front of the message.</summary>
    public async Task<string> FailedPull(string image, AuthConfig? auth = null)
    {
        var fault = await Assert.ThrowsAsync<RpcException>(() => Pull(image, auth));
        return fault.StatusCode == StatusCode.Unknown ? fault.Status.Detail
            : $"rpc error: code = {fault.StatusCode} desc = {fault.Status.Detail}";
    }

    /// <summary>The image; <c>null</c> when it is not there. An image without id or size is an error to kubelet.</summary>
    public async Task<Image?> Status(string image)
    {
        var found = (await Client.ImageStatusAsync(
            new ImageStatusRequest { Image = new ImageSpec { Image = image } }, deadline: Deadline)).Image;
        Assert.True(found is null || (found.Id.Length > 0 && found.Size > 0), "Id or size of image is not set");
        return found;
    }

    public async Task<IReadOnlyList<Image>> List(string? image = null)
    {
        var request = new ListImagesRequest { Filter = image is null ? null : new ImageFilter { Image = new ImageSpec { Image = image } } };
        return (await Client.ListImagesAsync(request, deadline: Deadline)).Images;
    }

    /// <summary>The images of the stream; each message holds at least one.</summary>
    public async Task<IReadOnlyList<Image>> Stream()
    {
        List<Image> images = [];
        using var call = Client.StreamImages(new StreamImagesRequest(), deadline: Deadline);
        await foreach (var message in call.ResponseStream.ReadAllAsync())
        {
            Assert.NotEmpty(message.Images);
            images.AddRange(message.Images);
        }

        return images;
    }

    public Task Remove(string image) =>
        Client.RemoveImageAsync(new RemoveImageRequest { Image = new ImageSpec { Image = image } }, deadline: Deadline).ResponseAsync;

    /// <summary>The probe without which kubelet does not start.</summary>
    public async Task<ImageFsInfoResponse> FsInfo() => await Client.ImageFsInfoAsync(new ImageFsInfoRequest(), deadline: Deadline);

    public void Dispose() => _channel.Dispose();
}
