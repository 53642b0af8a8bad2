using RegistryProxy.Grains.Managed;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Robots;

/// <summary>What is kept of the robots of a tenant.</summary>
[GenerateSerializer(IncludePrimaryConstructorParameters = false), Alias("rp.robots-state")]
internal sealed record RobotsState : IExpiringState
{
    /// <summary>The most robots of a tenant, those included that have ended of late.</summary>
    public const int MaxRobots = 1000;

    /// <summary>How long one that has ended is still shown.</summary>
    public static readonly TimeSpan ShownAfterEnd = TimeSpan.FromDays(30);

    [Id(0)]
    public List<StoredRobot> Robots { get; init; } = [];

    /// <summary>Whose robots they are; <c>null</c> where that was not kept yet.</summary>
    [Id(1)]
    public ManagedOwner? Owner { get; init; }

    public DateTimeOffset? KeepUntil => Robots.Select(robot => robot.Expires).DefaultIfEmpty().Max() + ShownAfterEnd;

    /// <summary>What of it is of who has the tenant's name now: nothing of a former owner's. All of it while nobody has the name.</summary>
    public RobotsState Of(ManagedOwner? now) =>
        now is not null && Owner?.ToOwner().MayBe(now.ToOwner()) == false ? new RobotsState() : this;

    public StoredRobot? Find(string name) => Robots.Find(robot => robot.Name == name);

    /// <summary>The state with a robot in the place of one of its name, or beside all others.</summary>
    public RobotsState With(StoredRobot robot) => this with { Robots = [.. Robots.Where(known => known.Name != robot.Name), robot] };

    /// <summary>The state without one.</summary>
    public RobotsState Without(string name) => this with { Robots = Robots.FindAll(robot => robot.Name != name) };

    /// <summary>The state without those that ended long ago.</summary>
    public RobotsState Trim(DateTimeOffset now) => Robots.TrueForAll(robot => robot.Expires + ShownAfterEnd > now)
        ? this
        : this with { Robots = Robots.FindAll(robot => robot.Expires + ShownAfterEnd > now) };
}

/// <summary>One robot.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Repositories">Where it may do something.</param>
/// <param name="Actions">What.</param>
/// <param name="Created">When it was made.</param>
/// <param name="CreatedBy">By whom.</param>
/// <param name="Expires">When it ends.</param>
/// <param name="Secrets">One or two, the newest first.</param>
[GenerateSerializer, Immutable, Alias("rp.stored-robot")]
internal sealed record StoredRobot(
    [property: Id(0)] string Name, [property: Id(1)] IReadOnlyList<RepositoryPattern> Repositories,
    [property: Id(2)] RepositoryActions Actions, [property: Id(3)] DateTimeOffset Created, [property: Id(4)] string CreatedBy,
    [property: Id(5)] DateTimeOffset Expires, [property: Id(6)] IReadOnlyList<StoredRobotSecret> Secrets);

/// <summary>A secret of a robot.</summary>
/// <param name="Id">64 random bits that name it.</param>
/// <param name="Hash">Its hash.</param>
/// <param name="Key">The key of that.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Used">Its last use; <c>null</c> when there was none.</param>
[GenerateSerializer, Immutable, Alias("rp.stored-robot-secret")]
internal sealed record StoredRobotSecret(
    [property: Id(0)] string Id, [property: Id(1)] string Hash, [property: Id(2)] string Key, [property: Id(3)] DateTimeOffset Created,
    [property: Id(4)] RobotUse? Used = null)
{
    /// <summary>Whether this is it.</summary>
    public bool Is(Secret secret) => Identity.Robots.RobotSecret.IsOf(secret, Key, Hash);
}

/// <summary>A use of a secret.</summary>
/// <param name="At">When.</param>
/// <param name="ClientAddress">From where.</param>
[GenerateSerializer, Immutable, Alias("rp.robot-use")]
internal sealed record RobotUse([property: Id(0)] DateTimeOffset At, [property: Id(1)] string ClientAddress);
