using System.Net.Http.Headers;
using k8s.Authentication;
using RegistryProxy.Files;

namespace RegistryProxy.Clustering.Kubernetes.Membership;

/// <summary>A bearer token in a file that is renewed, read for each request.</summary>
internal sealed class BoundedTokenFile(string path) : ITokenProvider
{
    public Task<AuthenticationHeaderValue> GetAuthenticationHeaderAsync(CancellationToken cancellationToken) =>
        Task.FromResult(new AuthenticationHeaderValue("Bearer", BoundedFile.ReadText(path).Trim()));
}
