using Orleans.Serialization;
using RegistryProxy.Background;
using RegistryProxy.Grains.Calls;

namespace RegistryProxy.Grains.Keys;

/// <summary>
/// The key that signs now, for whoever signs on this silo. It is asked for each time, since what was asked before may not be published any
/// more; nobody waits when the silo that knows is silent: then nothing else can be published either.
/// </summary>
internal sealed class SigningKeys(IGrainFactory grains, TimeProvider time)
{
    /// <summary>How long a key is used beyond its time; less than <see cref="KeyRotation"/> keeps it for.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    /// <summary>How long is waited for the answer while there is a key from before.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(500);

    private volatile SigningKey? _key;
    private readonly SingleFlight<SigningKey> _flight = new();

    /// <summary>The key; waits for long only when there is none that is good.</summary>
    public async ValueTask<SigningKey> Current()
    {
        var question = _flight.Join(Read);
        if (_key is { } key && time.GetUtcNow() < key.UseUntil + Grace)
        {
            await ((Task)question).WaitAsync(Soon, time).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
            return question.IsCompletedSuccessfully ? await question : key;
        }

        return await question;
    }

    private async Task<SigningKey> Read() => _key = await LastingQuestion.Ask(Published, time, CancellationToken.None);

    private async ValueTask<SigningKey> Published()
    {
        try
        {
            return await grains.GetGrain<IPublishedKeyGrain>(0).GetSigningKey();
        }
        catch (Exception fault) when (fault is SerializerException or ArgumentException)
        {
            // A silo of the version before cannot be asked this.
            return await grains.GetGrain<IKeyRingGrain>(0).GetSigningKey();
        }
    }
}
