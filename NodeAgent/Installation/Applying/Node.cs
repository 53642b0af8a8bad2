using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Records;

namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>A node as it is changed.</summary>
internal sealed class Node(
    HostFiles host, AgentProgram program, IHostCommands commands, ImageServiceQuestion probe, TextWriter output, TimeProvider time)
{
    public HostFiles Host => host;

    public NodeFiles Files { get; } = new(host, program);

    public RecordStore Store { get; } = new(host);

    public NodeServices Services { get; } = new(commands);

    public AgentProgram Program => program;

    public TextWriter Output => output;

    public TimeProvider Time => time;

    /// <summary>Asks the image service what kubelet asks first. Why it does not answer; <c>null</c> when it does.</summary>
    public Task<string?> ProbeImageService(string socket, CancellationToken cancellation) => probe(host.At(socket), time, cancellation);
}

/// <summary>Asks an image service at a socket; says why it does not answer.</summary>
internal delegate Task<string?> ImageServiceQuestion(string socket, TimeProvider time, CancellationToken cancellation);
