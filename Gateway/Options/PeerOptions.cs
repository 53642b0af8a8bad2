using System.Net;
using RegistryProxy.Configuration;

namespace RegistryProxy.Gateway.Options;

/// <summary>How gateways of a cluster read from each other.</summary>
/// <param name="Tls">What they prove themselves with.</param>
/// <param name="Advertised">Under which address others reach the peer listener when it listens on all of them.</param>
public sealed record PeerOptions(ClusterTlsConfiguration Tls, IPAddress Advertised);
