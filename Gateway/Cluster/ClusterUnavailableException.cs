namespace RegistryProxy.Gateway.Cluster;

/// <summary>The cluster did not answer a question in time: 503, never a fault of the request.</summary>
internal sealed class ClusterUnavailableException(Exception cause) : Exception("the cluster did not answer", cause);
