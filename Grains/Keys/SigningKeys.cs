using Orleans.Serialization;
using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Calls;

namespace RegistryProxy.Grains.Keys;

/// <summary>
/// The key that signs now, for whoever signs on this silo. Where the ring is kept it is asked for once a second, and when the silo that
/// knows is silent nobody waits for it: whoever takes over publishes the same keys. A ring that ends with its silo is followed by another
/// one, which publishes none of them: there it is asked for each time, and nobody signs without the answer.
/// </summary>
internal sealed class SigningKeys(IGrainFactory grains, IConfigurationFeed configuration, TimeProvider time)
{
    /// <summary>How long a key is used beyond its time; less than <see cref="KeyRotation"/> keeps it for.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    /// <summary>How long is waited for the answer while there is a key from before.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(500);

    /// <summary>How long an answer is used. The next key signs so much later than it might; the one before is published still.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private static readonly GrainRetry Question =
        new(typeof(IPublishedKeyGrain), nameof(IPublishedKeyGrain.GetSigningKey), TimeSpan.FromSeconds(8));

    private volatile SigningKey? _key;
    private long _readAt;
    private readonly SingleFlight<SigningKey> _flight = new();

    /// <summary>The key; waits for long only when there is none that is certainly published.</summary>
    /// <param name="cancellation">Ends the wait; the question goes on for the others.</param>
    public async ValueTask<SigningKey> Current(CancellationToken cancellation = default)
    {
        var isRingKept = IsRingKept;
        if (isRingKept && _key is { } known && time.GetElapsedTime(Volatile.Read(ref _readAt)) < Fresh && time.GetUtcNow() < known.UseUntil)
        {
            return known;
        }

        var question = _flight.Join(Read);
        if (isRingKept && _key is { } key && time.GetUtcNow() < key.UseUntil + Grace)
        {
            await ((Task)question).WaitAsync(Soon, time, cancellation)
                .ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
            return question.IsCompletedSuccessfully ? await question : key;
        }

        return await question.WaitAsync(cancellation);
    }

    /// <summary>Whether no other ring can come: it is in a storage that is read as it is, or in this very process.</summary>
    private bool IsRingKept => configuration.Current.Configuration.State is { Volatile: false, DiscardKeys.Count: 0 };

    private async Task<SigningKey> Read()
    {
        var began = time.GetTimestamp();
        _key = await Question.Call(Published, time, CancellationToken.None);
        Volatile.Write(ref _readAt, began);
        return _key;
    }

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
