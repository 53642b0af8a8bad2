namespace RegistryProxy.Configuration.Reload;

/// <summary>What the file of a host says; taken apart once for each change of it.</summary>
internal sealed class OwnFile(IConfigurationFeed local)
{
    private (ConfigurationSnapshot Of, SharedSections Sections) _read = (local.Current, SharedSections.Of(local.Current));

    public (ConfigurationSnapshot Of, SharedSections Sections) Read()
    {
        var file = local.Current;
        return ReferenceEquals(file, _read.Of) ? _read
            : _read = (file, file.Text!.Reveal() == _read.Of.Text!.Reveal() ? _read.Sections.With(file.Parts) : SharedSections.Of(file));
    }
}
