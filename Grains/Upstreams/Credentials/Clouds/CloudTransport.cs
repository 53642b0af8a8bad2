using System.Net;
using RegistryProxy.Egress;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Secrets;

namespace RegistryProxy.Grains.Upstreams.Credentials.Clouds;

/// <summary>The sockets to the token services of clouds: vetted as those to upstreams are, but for the metadata addresses of machines.</summary>
internal sealed class CloudTransport : IDisposable
{
    /// <summary>The longest answer that is read, in bytes.</summary>
    public const int MaxReply = 64 * 1024;

    private readonly CredentialTracing _public = Bounded(UpstreamTransport.Create(allowPrivate: false));
    private readonly CredentialTracing _private = Bounded(UpstreamTransport.Create(allowPrivate: true));
    private readonly CredentialTracing _publicOrMetadata = Bounded(UpstreamTransport.Create(allowPrivate: false, MetadataAddresses.All()));
    private readonly CredentialTracing _privateOrMetadata = Bounded(UpstreamTransport.Create(allowPrivate: true, MetadataAddresses.All()));

    /// <summary>A client of services by name; it does not own the sockets.</summary>
    public HttpClient Client(bool allowPrivate) => new(allowPrivate ? _private : _public, disposeHandler: false);

    /// <summary>A handler for the library of a cloud, that may also reach metadata services, and asks other places as the file says.</summary>
    public HttpMessageHandler Handler(bool allowPrivate, params ReadOnlySpan<CloudDetour> detours) =>
        new DetourHandler(allowPrivate ? _privateOrMetadata : _publicOrMetadata, detours);

    public void Dispose()
    {
        _public.Dispose();
        _private.Dispose();
        _publicOrMetadata.Dispose();
        _privateOrMetadata.Dispose();
    }

    /// <summary>The libraries of clouds read an answer to its end, however long it is.</summary>
    private static CredentialTracing Bounded(HttpMessageHandler sockets) => new(new AnswerLimit(MaxReply, sockets));

    /// <summary>What a status says that is no success.</summary>
    public static UpstreamFailureKind KindOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.TooManyRequests => UpstreamFailureKind.Throttled,
        >= HttpStatusCode.InternalServerError or HttpStatusCode.RequestTimeout => UpstreamFailureKind.Unreachable,
        _ => UpstreamFailureKind.Refused,
    };
}
