using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Issuers;
using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Login;

/// <summary>
/// Waits in memory for a person: a login that is lost with its silo is started again. An activation for which nothing waits ends at once.
/// </summary>
[GrainType("devicelogin")]
[CollectionAgeLimit(Minutes = GrainAges.MaxIdle)]
internal sealed class DeviceLoginGrain(TimeProvider time) : Grain, IDeviceLoginGrain
{
    private string? _hash;
    private string _clientAddress = "";
    private DateTimeOffset _expires;
    private DateTimeOffset _nextPoll;
    private VerifiedIdentity? _identity;

    public ValueTask<bool> Begin(string hash, string clientAddress)
    {
        if (IsWaiting)
        {
            return new(false);
        }

        DelayDeactivation(LoginFlow.Life);
        (_hash, _clientAddress, _expires, _identity) = (hash, clientAddress, time.GetUtcNow() + LoginFlow.Life, null);
        return new(true);
    }

    public ValueTask<string?> Describe()
    {
        EndUnlessWaiting();
        return new(IsWaiting && _identity is null ? _clientAddress : null);
    }

    public ValueTask<bool> Approve(VerifiedIdentity identity)
    {
        EndUnlessWaiting();
        if (!IsWaiting || _identity is not null)
        {
            return new(false);
        }

        _identity = identity;
        return new(true);
    }

    public ValueTask<DeviceAnswer> Poll(string hash)
    {
        EndUnlessWaiting();
        var now = time.GetUtcNow();
        if (!IsWaiting || hash != _hash)
        {
            return new(new DeviceAnswer(DeviceOutcome.Expired));
        }

        if (_identity is { } identity)
        {
            return new(new DeviceAnswer(DeviceOutcome.Approved, identity));
        }

        var tooFast = now < _nextPoll;
        _nextPoll = now + DeviceLogins.Interval - DeviceLogins.Leeway;
        return new(new DeviceAnswer(tooFast ? DeviceOutcome.TooFast : DeviceOutcome.Pending));
    }

    public ValueTask End(string hash)
    {
        if (hash == _hash)
        {
            _hash = null;
        }

        EndUnlessWaiting();
        return default;
    }

    private void EndUnlessWaiting()
    {
        if (!IsWaiting)
        {
            DeactivateOnIdle();
        }
    }

    private bool IsWaiting => _hash is not null && time.GetUtcNow() < _expires;
}
