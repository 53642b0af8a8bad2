namespace RegistryProxy.Configuration.Reload;

/// <summary>What the file of a host says; taken apart once for each change of it.</summary>
internal sealed class OwnFile(IConfigurationFeed local)
{
    private (ConfigurationSnapshot Of, SharedSections Sections) _read = (local.Current, SharedSections.Of(local.Current));

    /// <summary>What the file says, under a revision, when it says this content, has all of its files, and no number of its own.</summary>
    public SharedSections? Find(long revision, string content)
    {
        var (file, sections) = Read();
        return file.HasItsFiles && !sections.IsNumbered && sections.Content == content ? sections.Numbered(revision) : null;
    }

    public (ConfigurationSnapshot Of, SharedSections Sections) Read()
    {
        var file = local.Current;
        return ReferenceEquals(file, _read.Of) ? _read
            : _read = (file, file.Text!.Reveal() == _read.Of.Text!.Reveal() ? _read.Sections.With(file.Parts) : SharedSections.Of(file));
    }
}
