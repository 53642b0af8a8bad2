using RegistryProxy.Configuration;
using RegistryProxy.Grains.Identity.Robots;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Managed;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Grains.Timers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Robots;

/// <summary>The robots of one tenant. A change is stored, and then told to every gateway, before it returns.</summary>
[GrainType("robots")]
internal sealed class RobotsGrain(StateStore store, IConfigurationFeed configuration, TimeProvider time)
    : Grain, IRobotsGrain, IRobotDirectoryGrain
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    /// <summary>Of what no robot can be called: nobody is asked or told.</summary>
    private static readonly RobotReply Nobody = new(RobotOutcome.Unknown, "no robot can have this name");

    private RobotBook _book = null!;

    private string Tenant => this.GetPrimaryKeyString();

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _book = new RobotBook(store.Open<RobotsState>("robots", this.GetGrainId(), DeactivateOnIdle), Announce, Owner, time);
        this.StartTimer(
            static (self, _) => self.KeepUp(),
            new GrainTimerCreationOptions { DueTime = Period, Period = Period, Interleave = false });
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => _book.WriteUses(now: true);

    public async ValueTask<FoundRobot?> Prove(string name, Secret secret, string clientAddress)
    {
        if (await _book.Find(name) is not { } robot)
        {
            return null;
        }

        var proved = robot.Secrets.FirstOrDefault(known => known.Is(secret));
        if (proved is not null)
        {
            _book.Use(proved, clientAddress);
        }

        return Found(robot, proved?.Id);
    }

    public async ValueTask<FoundRobot?> Find(string name) => await _book.Find(name) is { } robot ? Found(robot, null) : null;

    public ValueTask<IReadOnlyList<RobotSummary>> List() => _book.List();

    public async ValueTask<RobotReply> Create(RobotOrder order) => await _book.Create(order);

    public async ValueTask<RobotReply> Rotate(string name, DateTimeOffset? expires) => await _book.Rotate(name, expires);

    public async ValueTask<RobotReply> EndSecret(string name, string secret) =>
        RobotName.IsGood(name) ? await _book.EndSecret(name, secret) : Nobody;

    public async ValueTask<RobotReply> Revoke(string name)
    {
        if (!RobotName.IsGood(name))
        {
            return Nobody;
        }

        var reply = await _book.Remove(name);

        // Also when it is gone already: an attempt before may have ended between the two.
        await GrainFactory.GetGrain<ISessionAuthorityGrain>(KeyOf(name)).RevokeAll();
        return reply;
    }

    private async Task KeepUp()
    {
        await _book.KeepOwner();
        await _book.WriteUses(now: false);
    }

    private ManagedOwner? Owner() => configuration.Current.Configuration.Tenants.GetValueOrDefault(Tenant) is { } tenant
        ? ManagedOwner.Of(PartOwner.Of(tenant)) : null;

    /// <summary>Sessions of a secret that ended are over when a gateway asks; all of them do now.</summary>
    private Task Announce(string name) => GrainFactory.GetGrain<ISessionChangesGrain>(0).SessionChanged(KeyOf(name)).AsTask();

    private string KeyOf(string name) => new SessionKey(Tenant, AuthenticatorConfiguration.Robot, RobotName.UserOf(name)).ToString();

    private static FoundRobot Found(StoredRobot robot, string? proved) => new(
        new GrantedRule($"robot:{robot.Name}", robot.Repositories, robot.Actions), robot.Expires,
        [.. robot.Secrets.Select(secret => secret.Id)], proved);
}
