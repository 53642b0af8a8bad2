using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Records;

namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>A node as it is changed.</summary>
internal sealed class Node(
    HostFiles host, AgentProgram program, IHostCommands commands, NodeQuestions questions, TextWriter output, TimeProvider time)
{
    /// <summary>How long kubelet must have been up to count as one that stays up, and how long it is given to get there.</summary>
    public WatchTimes Steadiness { get; init; } = new(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(45));

    public NodeQuestions Questions => questions;

    public HostFiles Host => host;

    public NodeFiles Files { get; } = new(host, program);

    public RecordStore Store { get; } = new(host);

    public NodeServices Services { get; } = new(commands);

    public AgentProgram Program => program;

    public TextWriter Output => output;

    public TimeProvider Time => time;

    /// <summary>Asks the image service what kubelet asks first. Why it does not answer; <c>null</c> when it does.</summary>
    public Task<string?> ProbeImageService(string socket, CancellationToken cancellation) =>
        questions.ImageService(host.At(socket), time, cancellation);
}

/// <summary>What a node is asked beside its files and its systemd.</summary>
/// <param name="ImageService">Asks the agent what kubelet will ask it.</param>
/// <param name="Kubelet">Asks kubelet for the image service that it uses; <c>null</c> when it does not say.</param>
/// <param name="Port">Why a key's port cannot be listened on; <c>null</c> when it can.</param>
internal sealed record NodeQuestions(ImageServiceQuestion ImageService, Func<Task<string?>> Kubelet, Func<string, Uri, string?> Port);

/// <summary>Asks an image service at a socket; says why it does not answer.</summary>
internal delegate Task<string?> ImageServiceQuestion(string socket, TimeProvider time, CancellationToken cancellation);
