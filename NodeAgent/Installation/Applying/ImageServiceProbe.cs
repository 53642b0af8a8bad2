using Grpc.Core;
using Grpc.Net.Client;
using RegistryProxy.Background;
using RegistryProxy.NodeAgent.Images.Wire;
using RegistryProxy.NodeAgent.Sockets;

namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>Asks the new image service what kubelet asks first, without which kubelet would not start.</summary>
internal static class ImageServiceProbe
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    /// <summary>Why it does not answer; <c>null</c> when it does.</summary>
    public static async Task<string?> Probe(string socket, TimeProvider time, CancellationToken cancellation)
    {
        using var channel = GrpcChannel.ForAddress(
            "http://localhost", new GrpcChannelOptions { HttpHandler = UnixConnection.Handler(socket) });
        var client = new ImageService.ImageServiceClient(channel);
        var end = time.GetSteadyNow() + Timeout;
        while (true)
        {
            try
            {
                var info = await client.ImageFsInfoAsync(
                    new ImageFsInfoRequest(), deadline: time.GetUtcNow().UtcDateTime + TimeSpan.FromSeconds(10),
                    cancellationToken: cancellation);
                return info.ImageFilesystems.Count > 0 ? null : "it reports no image file system";
            }
            catch (RpcException fault)
            {
                if (time.GetSteadyNow() >= end)
                {
                    return fault.StatusCode == StatusCode.Unavailable
                        ? $"nothing answers at {socket}; see journalctl -u registryproxy-nodeagent" : fault.Status.Detail;
                }

                await Task.Delay(Pause, time, cancellation);
            }
        }
    }
}
