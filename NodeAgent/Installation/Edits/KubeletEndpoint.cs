using RegistryProxy.NodeAgent.Installation.Merging;
using RegistryProxy.NodeAgent.Installation.Merging.Yaml;

namespace RegistryProxy.NodeAgent.Installation.Edits;

/// <summary>kubelet's image service in one of its configuration files.</summary>
/// <param name="Target">The target that needs it.</param>
/// <param name="Endpoint">The agent's socket.</param>
/// <param name="Replaced">The image service that the same key named before; <c>null</c> for none.</param>
/// <param name="Spelling">What stood there, as it was written; <c>null</c> when the key was not there.</param>
internal sealed record KubeletEndpoint(string Target, string Endpoint, string? Replaced, string? Spelling = null) : Edit(Target)
{
    public override bool IsForKubelet => true;

    public override string Put(string? text, string file) =>
        text is null || TextLines.IsBlank(text) ? TextLines.Behind(text, KubeletConfigText.DropIn(Endpoint))
            : KubeletConfigText.Set(text, file, Endpoint);

    public override string Take(string text, string file) =>
        !UnixEndpoint.Same(KubeletConfigText.Value(text, file, KubeletConfigText.ImageService), Endpoint) ? text
        : Spelling is not null ? KubeletConfigText.Respell(text, file, Spelling, Replaced)
        : Replaced is null ? KubeletConfigText.Remove(text, file)
        : KubeletConfigText.Set(text, file, Replaced);

    public override bool StandsFor(string text, string file) =>
        KubeletConfigText.Value(text, file, KubeletConfigText.ImageService) == Replaced;

    public override bool IsEmpty(string text, string file) => KubeletConfigText.IsEmpty(text, file);
}
