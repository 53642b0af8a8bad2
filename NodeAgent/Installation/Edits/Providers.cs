using RegistryProxy.NodeAgent.Installation.Merging;
using RegistryProxy.NodeAgent.Installation.Merging.Yaml;

namespace RegistryProxy.NodeAgent.Installation.Edits;

/// <summary>This program's providers in a <c>CredentialProviderConfig</c>.</summary>
internal sealed record Providers(string Target, IReadOnlyList<ProviderEntry> Entries) : Edit(Target)
{
    public override bool IsForKubelet => true;

    public override string Put(string? text, string file) =>
        text is null || TextLines.IsBlank(text)
            ? TextLines.Behind(text, ProviderEntry.File(Entries))
            : ProviderConfigText.Add(ProviderConfigText.Remove(text, file), file, Entries);

    public override string Take(string text, string file) => ProviderConfigText.Remove(text, file);

    public override bool IsEmpty(string text, string file) => ProviderConfigText.IsEmpty(text, file);
}
