using Orleans.CodeGeneration;
using RegistryProxy.Grains.Identity;

namespace RegistryProxy.Grains.Login;

/// <summary>One login of a device; the key is <c>tenant/user code</c>. Internal: no client may call it.</summary>
[Version(1), Alias("rp.IDeviceLoginGrain")]
internal interface IDeviceLoginGrain : IGrainWithStringKey
{
    /// <summary>Starts it; <c>false</c> when this user code is taken.</summary>
    [Alias("Begin")]
    ValueTask<bool> Begin(string hash, string clientAddress);

    /// <summary>From where it was started; <c>null</c> when nothing waits.</summary>
    [Alias("Describe")]
    ValueTask<string?> Describe();

    /// <summary>A person logged in for it; <c>false</c> when nothing waits any more.</summary>
    [Alias("Approve")]
    ValueTask<bool> Approve(VerifiedIdentity identity);

    /// <summary>What the device gets to know; an identity as often as it asks, until the login ends.</summary>
    [Alias("Poll")]
    ValueTask<DeviceAnswer> Poll(string hash);

    /// <summary>The device has what it waited for, or never gets it.</summary>
    [Alias("End")]
    ValueTask End(string hash);
}

/// <summary>The answer to a poll.</summary>
[GenerateSerializer, Immutable, Alias("rp.device-answer")]
internal sealed record DeviceAnswer([property: Id(0)] DeviceOutcome Outcome, [property: Id(1)] VerifiedIdentity? Identity = null);

/// <summary>How far a login of a device is (RFC 8628 §3.5).</summary>
[GenerateSerializer, Alias("rp.device-outcome")]
internal enum DeviceOutcome
{
    /// <summary>Nobody logged in for it yet.</summary>
    Pending,

    /// <summary>Polled more often than the interval allows.</summary>
    TooFast,

    /// <summary>Unknown, over, or used already.</summary>
    Expired,

    Approved,
}
