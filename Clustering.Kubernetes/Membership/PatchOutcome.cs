namespace RegistryProxy.Clustering.Kubernetes.Membership;

/// <summary>What became of a patch.</summary>
internal enum PatchOutcome
{
    /// <summary>All of it is done.</summary>
    Applied,

    /// <summary>Nothing of it: one of its tests does not hold.</summary>
    Refused,

    /// <summary>Nothing of it: others wrote again and again meanwhile.</summary>
    Contended,
}
