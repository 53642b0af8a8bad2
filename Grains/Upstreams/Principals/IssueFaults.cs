using Amazon.Runtime;
using Azure.Identity;
using RegistryProxy.Configuration;
using RegistryProxy.Egress;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Credentials.Clouds;
using RegistryProxy.Grains.Upstreams.Secrets;

namespace RegistryProxy.Grains.Upstreams.Principals;

/// <summary>From what can go wrong when a secret is issued to what is said of it.</summary>
internal static class IssueFaults
{
    public static UpstreamFailure From(string kind, Exception fault) => fault switch
    {
        _ when fault.Causes().OfType<IssueException>().FirstOrDefault() is { } issue =>
            new(issue.Kind, issue.Message, 0) { Detail = issue.Detail },
        SecretUnavailableException secret => new(UpstreamFailureKind.Misconfigured, secret.WithoutName, 0) { Detail = secret.Message },
        _ when fault.Causes().OfType<ForbiddenAddressException>().Any() => new(
            UpstreamFailureKind.Misconfigured,
            $"the token service of the {kind} principal resolves to a blocked address; private ones need allowPrivate: true", 0),
        _ when fault.Causes().OfType<ProxyException>().FirstOrDefault() is { } proxy => new(
            proxy.IsLasting ? UpstreamFailureKind.Misconfigured
                : UpstreamFailureKind.Unreachable, $"the token service of the {kind} principal cannot be reached: {proxy.Summary}", 0)
            { Detail = $"the token service of the {kind} principal cannot be reached: {proxy.Message}" },
        _ when fault.Causes().OfType<AnswerTooLargeException>().Any() => new(
            UpstreamFailureKind.Misconfigured,
            $"the token service of the {kind} principal answers with more than {CloudTransport.MaxReply >> 10} KiB", 0),
        _ when fault.Causes().OfType<OperationCanceledException>().Any() =>
            new(UpstreamFailureKind.Unreachable, $"the token service of the {kind} principal did not answer in time", 0),
        HttpRequestException or IOException or TimeoutException or AmazonClientException or AuthenticationFailedException => new(
            UpstreamFailureKind.Unreachable, $"the token service of the {kind} principal does not answer", 0)
            { Detail = $"the token service of the {kind} principal does not answer: {ExchangeFault.Of(fault).Reason}",
                Cause = ExchangeFault.Of(fault).Kind },
        _ => new(UpstreamFailureKind.Misconfigured, $"the token service of the {kind} principal sent an unusable response", 0)
            { Detail = $"the token service of the {kind} principal sent an unusable response ({fault.GetType().Name})" },
    };
}
