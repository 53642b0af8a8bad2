using RegistryProxy.Grains.Storage;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Managed;

/// <summary>
/// Keeps a part. Silos are told before it is written that they have to ask, and who asks then waits for the write, so that none of them
/// goes on with a former text.
/// </summary>
[GrainType("managedpart")]
internal sealed class ManagedPartGrain(StateStore store, TimeProvider time) : Grain, IManagedPartGrain
{
    private static readonly Secret NoText = new("");

    private Stored<ManagedPartState> _state = null!;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _state = store.Open<ManagedPartState>("managed", this.GetGrainId(), DeactivateOnIdle);
        return Task.CompletedTask;
    }

    public async ValueTask<ManagedVersion?> Current() => (await Read()).Newest;

    public async ValueTask<ManagedRecord> Read()
    {
        var known = await Known();
        return new ManagedRecord(ManagedHistory.Newest(known.Versions), known.Owner);
    }

    public async ValueTask<IReadOnlyList<ManagedVersion>> Versions() => (await Known()).Versions;

    public async ValueTask<IReadOnlyList<ManagedVersion>> Titles() =>
        [.. (await Known()).Versions.Select(version => version with { Text = NoText })];

    public async ValueTask<ManagedVersion?> Write(ManagedOrder order)
    {
        await Announce();
        return await _state.Change(known =>
        {
            var (newest, now) = (ManagedHistory.Newest(known.Versions), time.GetUtcNow());
            if ((newest?.Number ?? 0) != order.After)
            {
                return (known, newest);
            }

            var written = new ManagedVersion(order.After + 1, order.Text, now, order.By, order.Change);
            return (new ManagedPartState
            {
                Versions = ManagedHistory.With(IsTakenOver(known, order) ? [] : known.Versions, written),
                Kept = now, Owner = order.Owner ?? known.Owner,
            }, written);
        });
    }

    /// <summary>What the former owner wrote, and the secrets in it, are nothing that the next one may see or take back.</summary>
    private static bool IsTakenOver(ManagedPartState known, ManagedOrder order) =>
        (order.Owner, known.Owner) is ({ } next, { } before) && !before.ToOwner().MayBe(next.ToOwner());

    public async ValueTask Own(ManagedOwner owner) => await _state.Change(known =>
    {
        var next = owner.ToOwner();
        return known.Versions.Count == 0 || (known.Owner?.ToOwner() is { } before && (before.Equals(next) || !before.MayBe(next)))
            ? (known, true) : (known with { Owner = owner }, true);
    });

    public async ValueTask<int> Forget()
    {
        await Announce();
        return await _state.Change<int>(known => (null, known.Versions.Count));
    }

    private ValueTask Announce() => GrainFactory.GetGrain<IManagedNewsGrain>(0).Announce(this.GetPrimaryKeyString());

    /// <summary>
    /// What the storage has for certain, also after a write that may not have been made. That somebody asks for it means that it is in use.
    /// </summary>
    private Task<ManagedPartState> Known() => _state.Change<ManagedPartState>(known =>
    {
        var now = time.GetUtcNow();
        var isOld = known.Versions.Count > 0 && now - known.Kept > ManagedPartState.Life / 2;
        return (isOld ? known with { Kept = now } : known, known);
    });
}

/// <summary>What is kept of the part of a tenant.</summary>
[GenerateSerializer(IncludePrimaryConstructorParameters = false), Alias("rp.managed-part-state")]
internal sealed record ManagedPartState : IExpiringState
{
    /// <summary>How long a part is kept that no silo has in use.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromDays(90);

    /// <summary>The newest first.</summary>
    [Id(0)]
    public IReadOnlyList<ManagedVersion> Versions { get; init; } = [];

    /// <summary>When it was last in use.</summary>
    [Id(1)]
    public DateTimeOffset Kept { get; init; }

    /// <summary>Whose part it is; <c>null</c> for one that was written before that was stored.</summary>
    [Id(2)]
    public ManagedOwner? Owner { get; init; }

    public DateTimeOffset? KeepUntil => Kept + Life;
}
