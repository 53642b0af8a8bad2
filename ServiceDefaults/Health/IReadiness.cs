namespace RegistryProxy.ServiceDefaults.Health;

/// <summary>A part of a host that may not be ready.</summary>
public interface IReadiness
{
    /// <summary>Names the part in <c>/readyz</c>.</summary>
    string Name { get; }

    /// <summary>Whether the part can do its work. Must be cheap and must not ask the cluster.</summary>
    bool IsReady { get; }

    /// <summary>More about the state, such as a version; <c>null</c> for nothing.</summary>
    string? Detail { get; }
}
