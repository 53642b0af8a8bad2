using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using RegistryProxy.Files;

namespace RegistryProxy.Egress;

/// <summary>Opens one connection step by step, as it is opened for requests, to say which step fails.</summary>
public static class ConnectionTrial
{
    /// <summary>How long each step may take, but for names: <see cref="HostAddresses.Limit"/>.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The step that fails, one of <c>DNS</c>, <c>address</c>, <c>TCP</c>, <c>proxy</c> and <c>TLS</c>, and why; <c>null</c> when none
    /// does.
    /// </summary>
    public static async Task<(string Step, string Problem)?> Run(Uri address, EgressSettings settings, CancellationToken cancellation)
    {
        var target = new DnsEndPoint(address.IdnHost, address.Port);
        if (settings.To(target.Host, target.Port) != Passage.ProxyByName
            && await Failure("DNS", stop => Resolve(target.Host, stop), HostAddresses.Limit, cancellation) is { } unknown)
        {
            return unknown;
        }

        Stream? stream = null;
        if (await Failure("TCP", async stop => stream = await ProxiedConnector.Connect(target, settings, [], stop), Limit,
            cancellation) is { } closed)
        {
            return closed;
        }

        await using (stream)
        {
            return address.Scheme == Uri.UriSchemeHttps
                ? await Failure("TLS", stop => Secure(stream!, address, settings, stop), Limit, cancellation) : null;
        }
    }

    private static async Task Resolve(string host, CancellationToken cancellation) => await HostAddresses.System.Get(host, cancellation);

    private static async Task Secure(Stream stream, Uri address, EgressSettings settings, CancellationToken cancellation)
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = address.IdnHost,
            CertificateChainPolicy = ServerTrust.Policy(),
            RemoteCertificateValidationCallback = ServerTrust.With(settings.Tls?.Authorities).Validate,
        };
        if (settings.Tls is { Certificate: { } certificate, Key: { } key } && settings.Targets.Owns(address))
        {
            options.ClientCertificateContext = CertificatePair.ChainOf(certificate, key.Reveal());
        }

        await using var tls = new SslStream(stream, leaveInnerStreamOpen: true);
        await tls.AuthenticateAsClientAsync(options, cancellation);
    }

    private static async Task<(string Step, string Problem)?> Failure(
        string step, Func<CancellationToken, Task> run, TimeSpan time, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(time, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            await run(either.Token);
            return null;
        }
        catch (ForbiddenAddressException fault)
        {
            return ("address", fault.Message);
        }
        catch (ProxyException fault)
        {
            return ("proxy", fault.Message);
        }
        catch (Exception fault) when (fault is IOException or SocketException or AuthenticationException
            || (fault is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return (step, ExchangeFault.Of(fault).Reason);
        }
    }
}
