using RegistryProxy.NodeAgent.Identity;
using RegistryProxy.NodeAgent.Names;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.NodeAgent.Telemetry;

namespace RegistryProxy.NodeAgent.Doors;

/// <summary>Every front door of this node, found by the images that it serves.</summary>
internal sealed class DoorDirectory : IDisposable
{
    private readonly (ImagePattern Pattern, FrontDoor Door)[] _patterns;
    private readonly List<HttpClient> _clients = [];

    public DoorDirectory(AgentSettings settings, IdentityFactory identities, AgentMetrics metrics, TimeProvider time, ILoggerFactory logs)
    {
        Doors = [.. settings.FrontDoors.Select(door => Create(door, identities, metrics, time, logs))];
        _patterns =
        [
            .. Doors.SelectMany(door => door.Settings.Images.Select(pattern => (pattern, door)))
                .OrderBy(entry => entry.pattern.Host.Contains('*')).ThenByDescending(entry => entry.pattern.Text.Length),
        ];
    }

    public IReadOnlyList<FrontDoor> Doors { get; }

    /// <summary>
    /// The door that serves an image; the longest pattern counts, one without globs first. <c>null</c> for an image of others.
    /// </summary>
    public FrontDoor? Find(ImageName image) => _patterns.FirstOrDefault(entry => entry.Pattern.Matches(image)).Door;

    /// <summary>The door behind a host, as clients log in to it.</summary>
    public FrontDoor? FindHost(string host) => Doors.FirstOrDefault(door => door.Url.Authority == host)
        ?? _patterns.FirstOrDefault(entry => entry.Pattern.Host == host).Door;

    public FrontDoor? FindUrl(Uri url) => Doors.FirstOrDefault(door => door.Url == url);

    public void Dispose() => _clients.ForEach(client => client.Dispose());

    private FrontDoor Create(DoorSettings door, IdentityFactory identities, AgentMetrics metrics, TimeProvider time, ILoggerFactory logs)
    {
        var http = DoorClient.CreateHttp(door.CaFile);
        _clients.Add(http);
        var client = new DoorClient(door.Url, http, time);
        var session = door.Identity is { } identity
            ? new DoorSession(client, identities.Create(door, identity), metrics, time, logs.CreateLogger<DoorSession>())
            : null;
        return new FrontDoor(door, client, session);
    }
}
