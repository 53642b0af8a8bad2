using k8s;
using Microsoft.Extensions.Options;
using RegistryProxy.Files;

namespace RegistryProxy.Clustering.Kubernetes.Membership;

/// <summary>The connection to the Kubernetes API.</summary>
internal sealed class ApiServer(IOptions<KubernetesClusteringOptions> options) : IDisposable
{
    private const string NamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

    public IKubernetes Client { get; } = new k8s.Kubernetes(Configure(options.Value), new BoundedAnswers());

    public string Namespace { get; } = options.Value.Namespace
        ?? (Environment.GetEnvironmentVariable("POD_NAMESPACE") is { Length: > 0 } named ? named
            : File.Exists(NamespaceFile) ? BoundedFile.ReadText(NamespaceFile).Trim()
            : "default");

    public void Dispose() => Client.Dispose();

    private static KubernetesClientConfiguration Configure(KubernetesClusteringOptions options)
    {
        var configuration = options.Server is { } server
            ? new KubernetesClientConfiguration { Host = server.ToString() }
            : KubernetesClientConfiguration.BuildDefaultConfig();
        configuration.HttpClientTimeout = options.Timeout;
        if (options.TokenFile is { } token)
        {
            configuration.TokenProvider = new BoundedTokenFile(token);
        }

        if (options.CaFile is { } ca)
        {
            configuration.SslCaCerts = CertificateFiles.Load(ca);
        }

        return configuration;
    }
}
