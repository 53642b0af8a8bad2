using System.Net.Sockets;
using Grpc.Net.Client;
using RegistryProxy.Tests.Support.Wire.Cri;

namespace RegistryProxy.Tests.Support.Wire;

/// <summary>The CRI image service of a runtime, as kubelet calls it.</summary>
internal sealed class CriImages : IDisposable
{
    private readonly GrpcChannel _channel;
    private readonly ImageService.ImageServiceClient _images;

    public CriImages(string socket)
    {
        _channel = GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions
        {
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
        _images = new ImageService.ImageServiceClient(_channel);
    }

    /// <summary>Pulls an image that is not there before; returns its id.</summary>
    public async Task<string> Pull(string image, string user = "", string password = "")
    {
        await _images.RemoveImageAsync(new RemoveImageRequest { Image = new ImageSpec { Image = image } });
        var request = new PullImageRequest { Image = new ImageSpec { Image = image } };
        if (user.Length > 0)
        {
            request.Auth = new AuthConfig { Username = user, Password = password };
        }

        return (await _images.PullImageAsync(request, deadline: DateTime.UtcNow.AddMinutes(2))).ImageRef;
    }

    public void Dispose() => _channel.Dispose();
}
