using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Hosting.Server;
using RegistryProxy.Gateway.Options;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.ServiceDefaults.Clustering;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Gateway.Peers;

/// <summary>This gateway as others see it.</summary>
internal sealed class LocalPeer(GatewayOptions options, IServer server, TimeProvider time)
{
    private Uri? _address;

    /// <summary>One process.</summary>
    public string Id { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>What it shows others; <c>null</c> when it has no peer listener.</summary>
    public MemberCertificates? Certificates { get; } = options.Peers is { } peers ? new MemberCertificates(peers.Tls, time) : null;

    /// <summary>What others must know to read from here; <c>null</c> when they cannot, or not yet.</summary>
    public FetchMember? Member =>
        Certificates is not null && (_address ??= Find()) is { } address ? new FetchMember(Id, address, Certificates.Thumbprint) : null;

    private Uri? Find()
    {
        if (server.PeerAddress() is not { } bound)
        {
            return null;
        }

        var host = IPAddress.Parse(bound.IdnHost);
        var reachable = host.Equals(IPAddress.Any) || host.Equals(IPAddress.IPv6Any) ? options.Peers!.Advertised : host;
        return new UriBuilder(Uri.UriSchemeHttps, reachable.ToString(), bound.Port).Uri;
    }
}
