using RegistryProxy.NodeAgent.Installation.Edits;
using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Merging;
using RegistryProxy.NodeAgent.Installation.Merging.Flags;
using RegistryProxy.NodeAgent.Installation.Records;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Kubelet;

/// <summary>Whether the kubelet that runs now uses what was installed.</summary>
internal static class KubeletCheck
{
    /// <summary>What it uses instead; <c>null</c> when it uses what it should, or runs where it cannot be seen.</summary>
    public static string? Otherwise(HostFiles host, NodeRecord record, string? answered)
    {
        if (KubeletProcess.Words(host) is not { } words)
        {
            return null;
        }

        if (record.Target(InstallTarget.ImageService) is null && record.Former?.Target(InstallTarget.ImageService)?.Endpoint is { } former
            && UnixEndpoint.Same(answered ?? InEffect(host, words), former))
        {
            return $"kubelet still uses {former}";
        }

        if (record.Target(InstallTarget.CredentialProvider) is null && Removed(record) is { } gone
            && FlagPlace.InEffect(words, KubeletView.ProviderConfigFlag) == gone)
        {
            return $"kubelet still reads its credential providers from {gone}";
        }

        foreach (var target in record.Targets)
        {
            if (target.Endpoint is { } endpoint && (answered ?? InEffect(host, words)) is var used && !UnixEndpoint.Same(used, endpoint))
            {
                return $"kubelet uses {used ?? "its runtime as image service"} and not {endpoint}";
            }

            if (target.ProviderConfig is { } config && FlagPlace.InEffect(words, KubeletView.ProviderConfigFlag) is var told
                && told != config)
            {
                return $"kubelet reads its credential providers from {told ?? "nowhere"} and not from {config}";
            }

            if (target.ProviderFolder is { } folder && FlagPlace.InEffect(words, KubeletView.ProviderFolderFlag) is var place
                && place?.TrimEnd('/') != folder.TrimEnd('/'))
            {
                return $"kubelet looks for its credential providers in {place ?? "no folder"} and not in {folder}";
            }
        }

        return null;
    }

    /// <summary>The configuration of providers that kubelet was told by flags of ours, which are gone.</summary>
    private static string? Removed(NodeRecord record) => record.Places.SelectMany(place => place.Cleared).OfType<KubeletFlag>()
        .Where(flag => flag.Flag == KubeletView.ProviderConfigFlag).Select(flag => flag.Value).FirstOrDefault();

    private static string? InEffect(HostFiles host, IReadOnlyList<string> words)
    {
        var folder = FlagPlace.InEffect(words, "--config-dir");
        return FlagPlace.InEffect(words, KubeletView.ImageServiceFlag) ?? new[] { FlagPlace.InEffect(words, "--config") }.OfType<string>()
            .Concat(folder is null ? [] : host.Walk(folder, ".conf"))
            .Select(file => host.Read(file) is { } text ? KubeletConfigText.Value(text, file, KubeletConfigText.ImageService) : null)
                .LastOrDefault(value => value is not null);
    }
}
