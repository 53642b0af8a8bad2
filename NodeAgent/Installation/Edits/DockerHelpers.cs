using RegistryProxy.NodeAgent.Installation.Merging;

namespace RegistryProxy.NodeAgent.Installation.Edits;

/// <summary>docker's credential helper for some hosts.</summary>
internal sealed record DockerHelpers(string Target, IReadOnlyList<string> Hosts) : Edit(Target)
{
    public override bool IsAmongSecrets => true;

    public override string Put(string? text, string file) =>
        DockerConfigText.Add(string.IsNullOrWhiteSpace(text) ? "{}\n" : DockerConfigText.WithoutOurs(text, file), file, Hosts);

    public override string Take(string text, string file) => DockerConfigText.Remove(text, file);

    public override string Undo(string text, string file, string? former) =>
        former is null ? Take(text, file) : DockerConfigText.Restore(text, file, former);

    public override bool IsEmpty(string text, string file) => DockerConfigText.IsEmpty(text, file);

    public override string ToString() => $"{DockerConfigText.Name} for {string.Join(", ", Hosts)}";
}
