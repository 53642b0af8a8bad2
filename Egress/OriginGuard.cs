using RegistryProxy.Protocol;

namespace RegistryProxy.Egress;

/// <summary>
/// The last look before a request is sent: one with a body, a credential or a method that changes something goes to the origin that it was
/// made for, whatever the handlers before made of its address, or nowhere.
/// </summary>
public sealed class OriginGuard(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private static readonly HttpRequestOptionsKey<HttpOrigin> Option = new("registryproxy.origin");
    private static readonly string[] Credentials = ["Authorization", "Proxy-Authorization", "Cookie"];

    /// <summary>A request that may carry a body or a credential to an origin, and nowhere else.</summary>
    public static HttpRequestMessage Request(HttpMethod method, HttpOrigin origin, OriginForm target)
    {
        var request = new HttpRequestMessage(method, origin.At(target));
        Bind(request, origin);
        return request;
    }

    /// <summary>Says which origin a request is made for.</summary>
    public static void Bind(HttpRequestMessage request, HttpOrigin origin) => request.Options.Set(Option, origin);

    /// <summary>The origin that a request was made for and leads away from, as after a redirect; else <c>null</c>.</summary>
    internal static HttpOrigin? LeftBy(HttpRequestMessage request) =>
        request.Options.TryGetValue(Option, out var origin) && !origin.Owns(request.RequestUri!) ? origin : null;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        MayLeave(request) ? base.SendAsync(request, cancellationToken) : throw new WrongOriginException();

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        MayLeave(request) ? base.Send(request, cancellationToken) : throw new WrongOriginException();

    private static bool MayLeave(HttpRequestMessage request) =>
        !IsPrecious(request) || (request.Options.TryGetValue(Option, out var origin) && origin.Owns(request.RequestUri!)
            && request.Headers.Host is null);

    private static bool IsPrecious(HttpRequestMessage request) =>
        request.Content is not null
        || !(request.Method == HttpMethod.Get || request.Method == HttpMethod.Head)
        || Array.Exists(Credentials, request.Headers.NonValidated.Contains);
}

/// <summary>A request with a body or a credential was about to leave for another origin than its own; nothing was sent.</summary>
public sealed class WrongOriginException()
    : HttpRequestException("the request would have been sent to another host than intended");
