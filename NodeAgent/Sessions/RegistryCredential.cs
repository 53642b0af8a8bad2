using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.Sessions;

/// <summary>A user name and password for a front door, and how long they count.</summary>
/// <param name="Username">The user name.</param>
/// <param name="Password">The password.</param>
/// <param name="Issued">When it was given out.</param>
/// <param name="Expires">When it ends by itself.</param>
internal sealed record RegistryCredential(string Username, Secret Password, DateTimeOffset Issued, DateTimeOffset Expires)
{
    private static readonly TimeSpan LongestMargin = TimeSpan.FromMinutes(5);

    private TimeSpan Life => Expires - Issued;

    /// <summary>From when on a new one should be fetched while this one still serves: half of its life.</summary>
    public DateTimeOffset RefreshAt => Issued + (Life / 2);

    /// <summary>Until when it may be handed out: a pull that begins then must still end in time.</summary>
    public DateTimeOffset UsableUntil => Expires - (Life / 6 < LongestMargin ? Life / 6 : LongestMargin);
}
