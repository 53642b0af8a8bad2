namespace RegistryProxy.Grains.Storage;

/// <summary>Whether the storage of the state does what it is asked for, as this silo sees it.</summary>
public interface IStateHealth
{
    /// <summary>What has been going wrong; <c>null</c> while nothing does.</summary>
    StorageOutage? Outage { get; }

    /// <summary>
    /// A record that was refused within the last quarter of an hour, the last one, and when; <c>null</c> when none was. It was changed,
    /// swapped, or is under a key that this silo does not have: whoever needs it gets an error.
    /// </summary>
    (string What, DateTimeOffset At)? Refusal { get; }
}

/// <summary>The storage of the state does not do what it is asked for.</summary>
/// <param name="Lasts">For how long.</param>
/// <param name="Failures">How many calls failed.</param>
/// <param name="Fault">Why the last one did, as the storage says it.</param>
public sealed record StorageOutage(TimeSpan Lasts, long Failures, string Fault);
