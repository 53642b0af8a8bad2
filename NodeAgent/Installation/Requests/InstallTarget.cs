namespace RegistryProxy.NodeAgent.Installation.Requests;

/// <summary>What is installed.</summary>
internal static class InstallTarget
{
    public const string ImageService = "image-service";
    public const string CredentialProvider = "credential-provider";
    public const string ContainerdMirror = "containerd-mirror";
    public const string DockerHelper = "docker-helper";

    public static readonly string[] All = [ImageService, CredentialProvider, ContainerdMirror, DockerHelper];
}
