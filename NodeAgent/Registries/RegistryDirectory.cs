using RegistryProxy.NodeAgent.Identity;
using RegistryProxy.NodeAgent.Names;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.NodeAgent.Telemetry;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.Registries;

/// <summary>Every front door of this node, found by the images that it serves.</summary>
internal sealed class RegistryDirectory : IDisposable
{
    private readonly AgentSettings _settings;
    private readonly List<HttpClient> _clients = [];

    public RegistryDirectory(
        AgentSettings settings, IdentityFactory identities, AgentMetrics metrics, TimeProvider time, ILoggerFactory logs)
    {
        _settings = settings;
        Registries = [.. settings.FrontDoors.Select(registry => Create(registry, identities, metrics, time, logs))];
    }

    public IReadOnlyList<Registry> Registries { get; }

    /// <summary>The registry that serves an image; <c>null</c> for an image of others.</summary>
    public Registry? Find(ImageName image) => _settings.DoorOf(image) is { } door
        ? Registries.First(registry => ReferenceEquals(registry.Settings, door))
        : null;

    /// <summary>The registry behind a host, as clients log in to it.</summary>
    public Registry? FindHost(string host) => Registries.FirstOrDefault(registry => HttpOrigin.Of(registry.Url).IsNamed(host))
        ?? Registries.SelectMany(registry => registry.Settings.Images.Select(pattern => (Pattern: pattern, Registry: registry)))
            .Where(entry => entry.Pattern.Host == host).OrderByDescending(entry => entry.Pattern.Text.Length).FirstOrDefault().Registry;

    public Registry? FindUrl(Uri url) => 
        Registries.FirstOrDefault(registry => HttpOrigin.Of(registry.Url) == HttpOrigin.Of(url));

    public void Dispose() => _clients.ForEach(client => client.Dispose());

    private Registry Create(
        RegistrySettings registry, IdentityFactory identities, AgentMetrics metrics, TimeProvider time, ILoggerFactory logs)
    {
        var http = RegistryTokenClient.CreateHttp(registry.CaFile);
        _clients.Add(http);
        var client = new RegistryTokenClient(registry.Url, http, time);
        var session = registry.Identity is { } identity
            ? new RegistrySession(client, identities.Create(registry, identity), metrics, time, logs.CreateLogger<RegistrySession>())
            : null;
        return new Registry(registry, client, session);
    }
}
