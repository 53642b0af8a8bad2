namespace RegistryProxy.Grains.Sessions.Keys;

/// <summary>
/// The key that signs now, for whoever signs on this silo. It is asked for again while the one before is still good, so that nobody waits when
/// the silo that has the ring is silent.
/// </summary>
internal sealed class SigningKeys(IGrainFactory grains, TimeProvider time)
{
    /// <summary>How long a key is used beyond its time; less than <see cref="KeyRotation"/> keeps it for.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private volatile SigningKey? _key;
    private Task<SigningKey>? _question;

    /// <summary>The key; waits only when there is none that is good.</summary>
    public ValueTask<SigningKey> Current()
    {
        var (key, now) = (_key, time.GetUtcNow());
        if (key is not null && now < key.UseUntil)
        {
            return new(key);
        }

        var question = Ask();
        return key is not null && now < key.UseUntil + Grace ? new(key) : new(question);
    }

    /// <summary>One question at a time.</summary>
    private Task<SigningKey> Ask()
    {
        lock (_gate)
        {
            return _question is { IsCompleted: false } running ? running : _question = Read();
        }
    }

    private async Task<SigningKey> Read() =>
        _key = await LastingQuestion.Ask(() => grains.GetGrain<IKeyRingGrain>(0).GetSigningKey(), time, CancellationToken.None);
}
