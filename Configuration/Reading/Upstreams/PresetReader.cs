using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Upstreams;

/// <summary>
/// <c>upstreams.*.preset</c> and <c>upstreams.*.url</c>: one of them, or both where the preset stands for many addresses.
/// </summary>
internal static class PresetReader
{
    private const string ArtifactRegistryHost = "-docker.pkg.dev";

    /// <summary>Stands for an address that could not be read, in a file that is refused.</summary>
    private static readonly Uri Nowhere = new("https://invalid.example");

    public static (UpstreamPreset? Preset, Uri Url) Read(Field preset, Field url)
    {
        var known = preset.Text() is { } name ? UpstreamPreset.Of(name) : null;
        if (preset.IsPresent && known is null)
        {
            var names = UpstreamPreset.All.Select(one => one.Name).ToList();
            preset.Fail($"must be one of {string.Join(", ", names)}{preset.Errors.Suggest(preset.Text() ?? "", names)}");
            return (null, url.IsPresent ? url.Origin() ?? Nowhere : Nowhere);
        }

        if (known is { Url: { } fixedUrl })
        {
            if (url.IsPresent)
            {
                url.Fail($"is set by the preset '{known.Name}': leave one of them out");
            }

            return (known, fixedUrl);
        }

        url.RequiredText();
        var address = url.Origin();
        if (known is not null && address is not null && !address.IdnHost.EndsWith(ArtifactRegistryHost, StringComparison.OrdinalIgnoreCase))
        {
            url.Fail($"must be the address of a location, such as https://europe{ArtifactRegistryHost}");
        }

        return (known, address ?? Nowhere);
    }
}
