using System.Net;
using RegistryProxy.Egress;
using RegistryProxy.Files;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;
using Yarp.ReverseProxy.Forwarder;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>
/// What a client is told when an upstream fails or refuses. Names the upstream as configured; never its address or its words on
/// credentials.
/// </summary>
internal static class UpstreamErrors
{
    private const int RetryAfterSeconds = 5;

    /// <summary>The forwarder gave up before an answer was sent.</summary>
    public static DistributionError From(Upstream upstream, ForwardRequest forwarding, ForwarderError error, Exception? fault)
    {
        foreach (var cause in fault.Causes().OfType<BadHttpRequestException>())
        {
            return cause.StatusCode switch
            {
                StatusCodes.Status413PayloadTooLarge => forwarding.TooLarge,
                StatusCodes.Status408RequestTimeout =>
                    DistributionError.UploadInvalid("the request body stalled or was sent too slowly", cause.StatusCode),
                _ => DistributionError.SizeInvalid("the request body could not be read", cause.StatusCode),
            };
        }

        return error is ForwarderError.RequestBodyClient or ForwarderError.RequestBodyCanceled
            ? DistributionError.UploadInvalid("the request body ended early")
            : Unanswered(upstream, fault);
    }

    /// <summary>No usable answer came.</summary>
    public static DistributionError Unanswered(Upstream upstream, Exception? fault)
    {
        foreach (var cause in fault.Causes())
        {
            switch (cause)
            {
                case ForbiddenAddressException:
                    return DistributionError.Unavailable(
                        502, $"upstream '{upstream.Name}' resolves to a blocked address; private ones need allowPrivate: true",
                        RetryAfterSeconds);
                case UntrustedCertificateException untrusted:
                    return DistributionError.BadGateway($"upstream '{upstream.Name}', or its storage, shows an {untrusted.Message}");
                case ProxyException { IsLasting: true } proxy:
                    return DistributionError.BadGateway($"upstream '{upstream.Name}', or its storage, cannot be reached: {proxy.Summary}");
                case ProxyException proxy:
                    return DistributionError.Unavailable(
                        503, $"upstream '{upstream.Name}', or its storage, cannot be reached: {proxy.Summary}", RetryAfterSeconds);
                case WrongOriginException:
                    return DistributionError.Unavailable(
                        502, $"upstream '{upstream.Name}' led a request with a body or a credential to another host; it was not sent",
                        RetryAfterSeconds);
                case WrongBlobException:
                    return DistributionError.Unavailable(
                        502, $"upstream '{upstream.Name}' sent a blob that does not match its digest", RetryAfterSeconds);
                case TooManyBodiesException:
                    return DistributionError.Unavailable(
                        503, $"too many concurrent responses of upstream '{upstream.Name}' are being buffered; try again",
                        RetryAfterSeconds) with { IsOfCaller = true };
                case BodyTooLargeException or System.Text.Json.JsonException or WrongEncodingException:
                    return DistributionError.Unavailable(
                        502, $"upstream '{upstream.Name}' sent something that is not of the distribution API", RetryAfterSeconds);
            }
        }

        return DistributionError.Unavailable(503, $"upstream '{upstream.Name}' does not answer", RetryAfterSeconds);
    }

    /// <summary>Whether an answer came that is no HTTP, or whose head is longer than is read.</summary>
    public static bool IsIllegible(Exception? fault) => fault.Causes().Any(cause => cause
        is HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded }
        or HttpIOException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded });

    /// <summary>The upstream answered with something other than success.</summary>
    public static async ValueTask<DistributionError> From(
        Upstream upstream, DistributionError notFound, HttpResponseMessage response, TimeProvider time, CancellationToken cancellation)
    {
        var name = upstream.Name;
        switch (response.StatusCode)
        {
            case HttpStatusCode.NotFound:
                return await UpstreamErrorBody.AbsenceOf(response, time, cancellation) is { } code
                    ? notFound with { Code = code } : notFound;
            case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden when RefusedAnswer.CameFromAnother(upstream, response):
                return DistributionError.Unavailable(
                    502, $"what upstream '{name}' redirects to refuses this request ({(int)response.StatusCode})", RetryAfterSeconds);
            case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden:
                return Refused(name, (int)response.StatusCode);
            case HttpStatusCode.TooManyRequests when RefusedAnswer.CameFromAnother(upstream, response):
                return DistributionError.TooManyRequests(
                    $"what upstream '{name}' redirects to limits the rate of requests; try again later", RetryAfter(response));
            case HttpStatusCode.TooManyRequests:
                return DistributionError.TooManyRequests(
                    $"upstream '{name}' limits the rate of requests; try again later", RetryAfter(response));
            case HttpStatusCode.ExpectationFailed:
                return DistributionError.Unavailable(
                    503, $"upstream '{name}' rejected Expect: 100-continue (417); retry the request", 1);
            case HttpStatusCode.RequestedRangeNotSatisfiable when !IsRead(response):
                return DistributionError.SizeInvalid("the range lies outside the content", 416);
            case HttpStatusCode.RequestedRangeNotSatisfiable:
                return DistributionError.Unavailable(502, $"upstream '{name}' answered 416", RetryAfterSeconds);
            case HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotImplemented:
                return DistributionError.Unsupported(
                    $"upstream '{name}' does not allow this{await UpstreamErrorBody.WordsOf(response, time, cancellation)}");
            case >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError:
                return await UpstreamErrorBody.Read(response, name, time, cancellation);
            default:
                var who = RefusedAnswer.CameFromAnother(upstream, response) ? $"what upstream '{name}' redirects to" : $"upstream '{name}'";
                return DistributionError.Unavailable(502, $"{who} answered {(int)response.StatusCode}", RetryAfter(response));
        }
    }

    /// <summary>
    /// What an operator must know of an answer that is none, and no client may: where it came from; <c>null</c> when the error says all.
    /// </summary>
    public static string? CauseOf(Upstream upstream, HttpResponseMessage response) =>
        (int)response.StatusCode is 401 or 403 or 429 or >= 500 && RefusedAnswer.CameFromAnother(upstream, response)
            ? $"{response.RequestMessage!.RequestUri!.IdnHost}, which it redirects to, answered {(int)response.StatusCode}"
            : null;

    /// <summary>A fault as it may be logged: its kinds and messages name hosts at most.</summary>
    public static string Describe(Exception? fault) => fault switch
    {
        null => "no exception",
        ForbiddenAddressException or WrongBlobException or UntrustedCertificateException or ProxyException => fault.Message,
        _ => fault.InnerException is { } inner ? $"{fault.GetType().Name}: {Describe(inner)}" : fault.GetType().Name,
    };

    private static DistributionError Refused(string name, int status) => DistributionError.Unavailable(
        502,
        $"upstream '{name}' rejected the configured credentials ({status}): they lack this permission, or the repository does not exist",
        RetryAfterSeconds) with { IsRefusedUpstream = true };

    private static int RetryAfter(HttpResponseMessage response) =>
        Egress.RetryAfter.Of(response, response.Headers.Date ?? DateTimeOffset.MaxValue) is { } wait && wait >= TimeSpan.FromSeconds(1)
            ? (int)wait.TotalSeconds
            : RetryAfterSeconds;

    /// <summary>Whether a range that an upstream refuses is one of ours: what that is to the client, is found out elsewhere.</summary>
    private static bool IsRead(HttpResponseMessage response) =>
        response.RequestMessage is { } asked && (asked.Method == HttpMethod.Get || asked.Method == HttpMethod.Head);
}
