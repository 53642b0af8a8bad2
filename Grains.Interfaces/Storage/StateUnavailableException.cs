namespace RegistryProxy.Grains.Interfaces;

/// <summary>
/// The storage of a grain's state did not do what it was asked. What was asked may have been done or not; it may be asked again. Travels
/// between processes whatever the storage threw.
/// </summary>
[GenerateSerializer, Alias("rp.state-unavailable")]
public class StateUnavailableException(string message) : Exception(message);

/// <summary>The stored record cannot be read with the keys of this silo, or is not what was written. Nothing overwrites it.</summary>
[GenerateSerializer, Alias("rp.state-refused")]
public sealed class StateRefusedException(string message) : StateUnavailableException(message);
