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
                && !IsAt(told, config))
            {
                return $"kubelet reads its credential providers from {told ?? "nowhere"} and not from {config}";
            }

            if (target.ProviderFolder is { } folder && FlagPlace.InEffect(words, KubeletView.ProviderFolderFlag) is var place
                && !IsAt(place, folder))
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
        if (FlagPlace.InEffect(words, KubeletView.ImageServiceFlag) is { } flag)
        {
            return flag.Length == 0 ? null : flag;
        }

        var folder = FlagPlace.InEffect(words, "--config-dir") is { Length: > 0 } told ? KubeletView.FolderOf(host, told) : null;
        return new[] { FlagPlace.InEffect(words, "--config") }.OfType<string>().Concat(folder is null ? [] : host.Walk(folder, ".conf"))
            .Select(file => (File: file, Text: host.Read(file) ?? ""))
            .Where(one => KubeletConfigText.Says(one.Text, one.File, KubeletConfigText.ImageService))
            .Select(one => KubeletConfigText.Value(one.Text, one.File, KubeletConfigText.ImageService)).LastOrDefault();
    }

    private static bool IsAt(string? told, string path) => told is { Length: > 0 } && HostPath.Tidy(told) == HostPath.Tidy(path);
}
