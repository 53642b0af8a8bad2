namespace RegistryProxy.Gateway.Cluster;

/// <summary>For how long a question is worth asking.</summary>
/// <param name="Attempt">How long an answer may take before the question is asked by another way.</param>
/// <param name="Total">How long it may take altogether. A silo that died is out of the cluster sooner.</param>
internal readonly record struct Patience(TimeSpan Attempt, TimeSpan Total)
{
    /// <summary>What is answered from memory.</summary>
    public static Patience Quick { get; } = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));

    /// <summary>What is asked again anyway.</summary>
    public static Patience Brief { get; } = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

    /// <summary>A login that may be tried twice: bcrypt takes its time, so does a directory.</summary>
    public static Patience Login { get; } = new(TimeSpan.FromSeconds(2.5), TimeSpan.FromSeconds(10));

    /// <summary>A login by a proof that counts once.</summary>
    public static Patience Once { get; } = new(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10));

    /// <summary>A grant, which may have to be fetched; all who ask wait for the same one.</summary>
    public static Patience Grant { get; } = new(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(10));
}
