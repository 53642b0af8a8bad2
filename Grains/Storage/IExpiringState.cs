namespace RegistryProxy.Grains.Storage;

/// <summary>State that knows when nobody can need it any more, so that a storage removes it by itself.</summary>
public interface IExpiringState
{
    /// <summary>From when on the record may go; <c>null</c> for never, which only the two records of the whole cluster may say.</summary>
    DateTimeOffset? KeepUntil { get; }
}
