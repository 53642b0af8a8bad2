using Microsoft.Extensions.Logging;
using Orleans.Serialization;
using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Keys;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Grains.Upstreams.Network;

namespace RegistryProxy.Grains.Configuration;

/// <summary>
/// Builds the snapshot, tells gateways of every change and lets them catch up on what they missed: of a tenant that changed, its part.
/// Whoever signs gets the key from here, so that no key signs which gateways were not told of.
/// </summary>
[GrainType("snapshot")]
internal sealed class SnapshotGrain(
    AuthenticatorDirectory authenticators, UpstreamNetworks networks, Serializer serializer, IClusterMembershipService members,
    TimeProvider time, ILogger<SnapshotGrain> logger)
    : Grain, ISnapshotGrain, ISessionChangesGrain, IPublishedKeyGrain
{
    /// <summary>From one look for the next key of a ring that is late to the next, and for silos that are gone.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(2);

    private readonly SnapshotGateways _gateways = new(logger, time);
    private readonly SnapshotBook _book = new(serializer);
    private readonly SingleFlight<bool> _building = new();
    private readonly KeyPublication _publication = new(time);
    private readonly SessionChangeLog _changes = new();
    private readonly RulesAhead _ahead = new();
    private readonly HashSet<string> _gathered = [];
    private FrontDoorConfiguration? _builtOf;
    private Task? _telling;
    private bool _buildAgain;
    private bool _dropAll;
    private TimeSpan _lookAt;
    private TimeSpan _forgetAt;

    public async ValueTask<SnapshotUpdate> Follow(
        ISnapshotObserver observer, SnapshotPosition known, CancellationToken cancellation = default)
    {
        if (_book.Current?.ConfigurationVersion != authenticators.Running.Of.Version)
        {
            await _gateways.Answering(observer, _building.Join(Build));
        }

        ForgetGone();
        _publication.Follows(observer, known.Version);
        _gateways.Follows(observer, known.Format);
        return Content(known.Format, known.Version,
            _ahead.Answer(known, _changes.Since(known) with { Position = Position, Gateways = _gateways.Count }));
    }

    public ValueTask Refresh(CancellationToken cancellation = default)
    {
        _dropAll = true;
        _buildAgain = true;
        return new(_building.Join(Build));
    }

    public async ValueTask Changed(IReadOnlyList<TenantRules> tenants, CancellationToken cancellation = default)
    {
        _buildAgain = true;
        await _building.Join(Build);

        var now = time.GetSteadyNow();

        // Decisions tell by which rules they are: gateways need to know which those are now, and nothing of silos that are behind.
        var dropped = tenants.Where(tenant => _book.RulesOf(tenant.Tenant) is { Length: > 0 } known && _ahead.Note(tenant, known, now))
            .Select(tenant => tenant.Tenant).ToArray();
        if (dropped.Length > 0)
        {
            await Drop(dropped);
        }
        else if (tenants.Count > 0)
        {
            // Gateways of the version before do not look at what decisions tell.
            await _gateways.Push(format =>
                format < SnapshotPosition.Parts ? new SnapshotUpdate { Position = Position, DropAllDecisions = true } : null);
        }
    }

    public ValueTask SessionChanged(string sessionKey)
    {
        _gathered.Add(sessionKey);
        return new(_telling ??= TellGathered());
    }

    public async ValueTask<SigningKey> GetSigningKey()
    {
        if (!_publication.IsGood && !(_publication.MayGoOn && time.GetSteadyNow() < _lookAt))
        {
            _lookAt = time.GetSteadyNow() + LookAgain;
            var building = _building.Join(Build);
            if (_publication.MayGoOn)
            {
                building.Ignore();
            }
            else
            {
                await building;
            }
        }

        return _publication.Key();
    }

    private SnapshotPosition Position =>
        new(_book.Current?.Version ?? "", _changes.Sequence, _changes.Epoch) { Ahead = _ahead.Number };

    /// <summary>
    /// Each push is a message to every gateway: what has come meanwhile is told together, and what comes after it was taken by the next.
    /// </summary>
    private async Task TellGathered()
    {
        await Task.Yield();
        string[] dropped = [.. _gathered];
        _gathered.Clear();
        _telling = null;
        await Drop(dropped);
    }

    private void ForgetGone()
    {
        var now = time.GetSteadyNow();
        if (now < _forgetAt)
        {
            return;
        }

        _forgetAt = now + LookAgain;
        var statuses = members.CurrentSnapshot.Members.ToDictionary(
            member => member.Key.ToParsableString(), member => member.Value.Status != SiloStatus.Dead);
        _ahead.ForgetGone(silo => statuses.TryGetValue(silo, out var isThere) ? isThere : null, now);
    }

    private Task Drop(params string[] dropped)
    {
        _changes.Add(dropped);
        var update = _ahead.Push(new SnapshotUpdate { Position = Position, ChangedSessions = dropped });
        return _gateways.Push(format => SessionChangeLog.For(format, update(format)));
    }

    /// <summary>An update with what a gateway needs that has a version of the snapshot.</summary>
    private SnapshotUpdate Content(int format, string version, SnapshotUpdate update)
    {
        var snapshot = _book.Current!;
        return version == snapshot.Version ? update
            : format < SnapshotPosition.Parts ? update with { Snapshot = snapshot }
            : _book.Since(version, format >= SnapshotPosition.TakesStamps) is { } change ? update with { Change = change }
            : update with { Packed = _book.Packed };
    }

    /// <summary>Builds until nobody has asked for another one since it began.</summary>
    private async Task<bool> Build()
    {
        do
        {
            _buildAgain = false;
            var (keys, signing) = await Keys();
            var running = authenticators.Running;
            var published = _publication.Add(keys, running.Of.Configuration.Tokens.AccessLifetime);
            var version = SnapshotBuilder.VersionOf(running, networks, published);
            var (former, drop) = (_book.Current?.Version, _dropAll);
            _dropAll = false;
            if (version != former)
            {
                var (configuration, before) = (running.Of.Configuration, _book.Current);
                var built = SnapshotBuilder.Build(
                    running, networks, published, version, before is not null && _builtOf is not null ? (before, _builtOf) : null);
                _book.Take(built, name => configuration.Upstreams[name].Stamp);
                _builtOf = configuration;
            }

            _publication.Publish(version, published.TokenKeys, signing);
            if (drop)
            {
                // What changed may have changed on another silo alone: whoever got a decision of its from before must ask again.
                _changes.AddAll();
            }

            if (former is not null && (version != former || drop))
            {
                await Publish(former, drop);
            }
        }
        while (_buildAgain);
        return true;
    }

    /// <summary>
    /// Tells gateways what is another than at a version. One of the version before drops what it knows about sessions, as it does with
    /// every snapshot.
    /// </summary>
    private Task Publish(string former, bool drop)
    {
        _ahead.Forget(_book.RulesOf);
        var told = _ahead.Push(new SnapshotUpdate { Position = Position, DropAllDecisions = drop });
        var updates = new[] { 0, SnapshotPosition.Parts, SnapshotPosition.KeepsAhead, SnapshotPosition.TakesStamps }
            .Select(format => Content(format, former, told(format))).ToArray();
        return _gateways.Push(format => updates[Math.Clamp(format, 0, SnapshotPosition.TakesStamps)], isAnswered: true);
    }

    /// <summary>Both of the same ring: it may turn between the questions.</summary>
    private async Task<(PublishedKeys Keys, SigningKey Signing)> Keys()
    {
        var ring = GrainFactory.GetGrain<IKeyRingGrain>(0);
        while (true)
        {
            var (signing, keys) = (await ring.GetSigningKey(), await ring.GetPublished());
            if (keys.TokenKeys.Any(key => key.Id == signing.Id))
            {
                return (keys, signing);
            }
        }
    }
}
