using RegistryProxy.NodeAgent.Installation.Merging;

namespace RegistryProxy.NodeAgent.Installation.Edits;

/// <summary>The agent's mirror in containerd's <c>hosts.toml</c> of one registry; the secret of the node is in it.</summary>
/// <param name="Target">The target that needs it.</param>
/// <param name="Registry">The registry.</param>
/// <param name="Mirror">Where the mirror listens.</param>
/// <param name="Header">The header of the secret.</param>
/// <param name="Secret">The secret.</param>
/// <param name="Base">What a new file begins with; <c>null</c> for the registry's server alone.</param>
internal sealed record MirrorHost(string Target, string Registry, Uri Mirror, string Header, string Secret, string? Base = null)
    : Edit(Target)
{
    public override bool IsSecret => true;

    public override string Put(string? text, string file) =>
        HostsToml.Add(text is null ? Base ?? HostsToml.File(Registry, [], []) : Take(text, file), file, Mirror, Header, Secret);

    public override string Take(string text, string file) => HostsToml.Remove(text, file, Header);

    public override bool IsEmpty(string text, string file) => text.Trim() == Base?.Trim() || HostsToml.IsEmpty(text, file);

    /// <summary>Without the secret.</summary>
    public override string ToString() => $"{Registry} by {Mirror}";
}
