using System.Security.Authentication;
using RegistryProxy.Egress;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Upstreams.Failures;

/// <summary>
/// From what can go wrong with a call to the outside to what is said of it; never an address, never a credential. Whatever is thrown is a
/// failure of the upstream: what it answers is its own choice.
/// </summary>
internal static class UpstreamFaults
{
    public static UpstreamFailure From(string upstream, Exception fault) => Said(upstream, fault) with
    {
        Cause = fault is HttpRequestException or IOException or TimeoutException or OperationCanceledException
            ? ExchangeFault.Of(fault).Kind : null,
    };

    private static UpstreamFailure Said(string upstream, Exception fault) => fault switch
    {
        _ when fault.Causes().OfType<ForbiddenAddressException>().Any() => new(
            UpstreamFailureKind.Misconfigured,
            $"upstream '{upstream}' resolves to a blocked address; private ones need allowPrivate: true", 0),
        _ when fault.Causes().OfType<WrongOriginException>().Any() => new(
            UpstreamFailureKind.Misconfigured,
            $"a credential of upstream '{upstream}' would have been sent to another host; it was not sent", 0),
        _ when fault.Causes().OfType<ProxyException>().FirstOrDefault() is { } proxy => new(
            proxy.IsLasting ? UpstreamFailureKind.Misconfigured
                : UpstreamFailureKind.Unreachable, $"upstream '{upstream}' cannot be reached: {proxy.Summary}", 0)
            { Detail = $"upstream '{upstream}' cannot be reached: {proxy.Message}", IsLasting = proxy.IsLasting },
        _ when fault.Causes().OfType<UntrustedCertificateException>().FirstOrDefault() is { } untrusted => new(
            UpstreamFailureKind.Misconfigured, $"upstream '{upstream}', or its token endpoint, shows an {untrusted.Message}", 0)
            { IsLasting = true },
        _ when fault.Causes().OfType<AuthenticationException>().Any() => new(
            UpstreamFailureKind.Unreachable, $"TLS handshake with upstream '{upstream}' failed", 0)
            { Detail = $"TLS handshake with upstream '{upstream}' failed: {ExchangeFault.Of(fault).Reason}" },
        OperationCanceledException => new(UpstreamFailureKind.Unreachable, $"upstream '{upstream}' did not answer in time", 0),
        HttpRequestException or IOException or TimeoutException =>
            new(UpstreamFailureKind.Unreachable, $"upstream '{upstream}' does not answer", 0)
            { Detail = $"upstream '{upstream}' does not answer: {ExchangeFault.Of(fault).Reason}" },
        _ => new(UpstreamFailureKind.Misconfigured,
            $"the token endpoint of upstream '{upstream}' sent an invalid token response", 0)
            { Detail = $"the token endpoint of upstream '{upstream}' sent an invalid token response ({fault.GetType().Name})" },
    };
}
