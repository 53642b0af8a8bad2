using Orleans.Concurrency;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Referrers;

/// <inheritdoc cref="IReferrersGrain"/>
[GrainType("referrers"), Reentrant, CollectionAgeLimit(Minutes = GrainAges.MaxIdle)]
internal sealed class ReferrersGrain(TimeProvider time) : Grain, IReferrersGrain
{
    /// <summary>How long a question waits for its turn.</summary>
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(1);

    private readonly TurnLine _line = new(time);

    public async ValueTask<bool> Enter(Guid turn, CancellationToken cancellation = default)
    {
        if (_line.Join(turn) is { IsCompleted: false } comes)
        {
            await comes.WaitAsync(Wait, time, cancellation)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        return _line.TryBegin(turn);
    }

    public ValueTask<bool> Leave(Guid turn, CancellationToken cancellation = default) => new(_line.Leave(turn));
}
