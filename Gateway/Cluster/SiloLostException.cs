namespace RegistryProxy.Gateway.Cluster;

/// <summary>The silo that was asked is not in the cluster any more, or out of reach: its answer cannot come.</summary>
internal sealed class SiloLostException() : Exception("the silo that was asked is gone");
