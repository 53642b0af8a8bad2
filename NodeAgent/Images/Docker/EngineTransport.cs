using Docker.DotNet.Handler.Abstractions;
using RegistryProxy.NodeAgent.Sockets;

namespace RegistryProxy.NodeAgent.Images.Docker;

/// <summary>The socket of a Docker Engine.</summary>
/// <param name="Socket">Its path.</param>
internal sealed record EngineAddress(string Socket);

/// <summary>Leads the calls of the engine's client to its socket, and reads the answers within bounds.</summary>
internal sealed class EngineTransport : IDockerHandlerFactory<EngineAddress>
{
    private static readonly Uri Localhost = new("http://localhost");

    public ResolvedTransport CreateHandler(EngineAddress transportOptions, ResolvedClientOptions clientOptions, ILogger logger) =>
        new(new EngineAnswers(UnixConnection.Handler(transportOptions.Socket)), Localhost);

    public ResolvedTransport CreateHandler(ResolvedClientOptions clientOptions, ILogger logger) =>
        throw new NotSupportedException("the socket is not known without its address");

    public Task<WriteClosableStream> HijackStreamAsync(HttpContent content) =>
        throw new NotSupportedException("images are not attached to");
}
