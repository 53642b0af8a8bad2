using System.Net;
using RegistryProxy.Egress;
using RegistryProxy.Files;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Secrets;

namespace RegistryProxy.Grains.Upstreams.Credentials.Clouds;

/// <summary>
/// The sockets to the token services of clouds: vetted as those to upstreams are, but for the metadata addresses of machines.
/// </summary>
internal sealed class CloudTransport(TimeProvider time) : IDisposable
{
    /// <summary>The longest answer that is read, in bytes.</summary>
    public const int MaxReply = 64 * 1024;

    /// <summary>The services of clouds, which are reached by name through a proxy as if the file named them.</summary>
    private static readonly string[] Services = ["*.amazonaws.com", "*.amazonaws.com.cn", "*.api.aws", "*.googleapis.com"];

    private readonly EgressPool _ways = new(static settings => Bounded(UpstreamTransport.Create(settings)), time);
    private readonly EgressPool _orMetadata = new(
        static settings => Bounded(UpstreamTransport.Create(settings, MetadataAddresses.All())), time);

    /// <summary>What is on the machine answers at once, or is not there.</summary>
    private static readonly TimeSpan MachinePatience = TimeSpan.FromSeconds(2);

    private readonly Lazy<HttpMessageHandler> _ofMachine =
        new(static () => Bounded(UpstreamTransport.Create(allowPrivate: true, MetadataAddresses.Aws())));

    /// <summary>A client of services by name; it does not own the sockets.</summary>
    /// <param name="network">How connections of the upstream are opened.</param>
    /// <param name="service">The service that the file names in place of the cloud's own.</param>
    public HttpClient Client(EgressSettings network, Uri? service) =>
        WholeAnswers.Client(
            _ways.HandlerFor(Naming(network, service is null ? [] : [service.IdnHost])), MaxReply, ownsHandler: false);

    /// <summary>A client of the services that AWS has on its machines, which no proxy reaches; it does not own the sockets.</summary>
    public HttpClient OfMachine() => WholeAnswers.Client(_ofMachine.Value, MaxReply, MachinePatience, ownsHandler: false);

    /// <summary>
    /// A handler for the library of a cloud, that may also reach metadata services, and asks other places as the file says.
    /// </summary>
    public HttpMessageHandler Handler(EgressSettings network, params ReadOnlySpan<CloudDetour> detours)
    {
        List<string> hosts = [];
        foreach (var (from, to) in detours)
        {
            hosts.Add(to?.IdnHost ?? from);
        }

        return new DetourHandler(_orMetadata.HandlerFor(Naming(network, hosts)), detours);
    }

    public void Dispose()
    {
        _ways.Dispose();
        if (_ofMachine.IsValueCreated)
        {
            _ofMachine.Value.Dispose();
        }

        _orMetadata.Dispose();
    }

    private static EgressSettings Naming(EgressSettings network, IReadOnlyList<string> hosts) =>
        network.IsPlain ? network : network with { Targets = network.Targets.And([.. Services, .. hosts]) };

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
