using System.Diagnostics;
using RegistryProxy.Egress;

namespace RegistryProxy.Grains.Upstreams.Secrets;

/// <summary>
/// A span for each request for a token or a credential, below the one that needed it. Without paths and queries, which may hold
/// credentials.
/// </summary>
internal sealed class CredentialTracing(HttpMessageHandler inner) : RequestSpans(Source, "credential", inner)
{
    private static readonly ActivitySource Source = new("RegistryProxy.Grains");
}
