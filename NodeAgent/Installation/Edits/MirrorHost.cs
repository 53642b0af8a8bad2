using RegistryProxy.NodeAgent.Installation.Merging;

namespace RegistryProxy.NodeAgent.Installation.Edits;

/// <summary>The agent's mirror in containerd's <c>hosts.toml</c> of one registry; the secret of the node is in it.</summary>
internal sealed record MirrorHost(string Target, string Registry, Uri Mirror, string Header, string Secret) : Edit(Target)
{
    public override bool IsSecret => true;

    public override string Put(string? text, string file) =>
        HostsToml.Add(text is null ? HostsToml.File(Registry) : Take(text, file), file, Mirror, Header, Secret);

    public override string Take(string text, string file) => HostsToml.Remove(text, file, Header);

    public override bool IsEmpty(string text, string file) => HostsToml.IsEmpty(text, file);

    /// <summary>Without the secret.</summary>
    public override string ToString() => $"{Registry} by {Mirror}";
}
