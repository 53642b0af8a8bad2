using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Kubelet;
using RegistryProxy.NodeAgent.Installation.Merging;
using RegistryProxy.NodeAgent.Installation.Platforms;
using RegistryProxy.NodeAgent.Installation.Records;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>
/// Whether kubelet, started with the files as they are planned, would use what they are to say: asked before anything is written, since
/// no kubelet is watched where only files are written.
/// </summary>
internal static class Foresight
{
    /// <exception cref="InstallRefusal">It would not, and what it would use.</exception>
    public static void Check(HostFiles host, Platform platform, NodeRecord desired)
    {
        var next = KubeletView.OfFiles(host.With(desired.Places.Select(place => KeyValuePair.Create(place.Path, place.After))), platform);
        if (platform.HasKubeletWithin || !next.IsKnown)
        {
            return;
        }

        foreach (var target in desired.Targets)
        {
            if (target.Endpoint is { } endpoint && next.ImageServices().LastOrDefault()?.Endpoint is var used
                && !UnixEndpoint.Same(used, endpoint))
            {
                throw Refusal("image service", used, endpoint);
            }

            if (target.ProviderConfig is { } config && next.PathOf(KubeletView.ProviderConfigFlag) is var told
                && told != HostPath.Tidy(config))
            {
                throw Refusal(KubeletView.ProviderConfigFlag, told, config);
            }

            if (target.ProviderFolder is { } folder && next.PathOf(KubeletView.ProviderFolderFlag) is var place
                && place != HostPath.Tidy(folder))
            {
                throw Refusal(KubeletView.ProviderFolderFlag, place, folder);
            }
        }
    }

    private static InstallRefusal Refusal(string what, string? used, string expected) => new(
        $"kubelet would be started with {(string.IsNullOrEmpty(used) ? $"no {what}" : $"`{used}` as {what}")} and not with {expected}: "
            + "see ExecStart in `systemctl cat kubelet`, where ${VARIABLE} is one word and $VARIABLE is many; mend the unit, and install "
            + "again");
}
