using RegistryProxy.Configuration.Reading.Texts;

namespace RegistryProxy.Configuration.Reload;

/// <summary>
/// What the file of a host says; taken apart once for each change of it. Of a part that has no text here which could be used it says what
/// the cluster follows: a fault in it is no word about anybody else's, and no word that the part is to go.
/// </summary>
internal sealed class OwnFile(IConfigurationFeed local)
{
    private (ConfigurationSnapshot Of, SharedSections Sections) _read = (local.Current, SharedSections.Of(local.Current));
    private IReadOnlyList<PartText>? _followed;

    /// <summary>Whether all that belongs to the file is known: what is missing here the cluster may have.</summary>
    public bool IsWhole => _followed is not null || local.Current.HasItsFiles;

    /// <summary>What the file says, under a revision, when it says this content, and no number of its own.</summary>
    public SharedSections? Find(long revision, string content)
    {
        var sections = Read().Sections;
        return IsWhole && !sections.IsNumbered && sections.Content == content ? sections.Numbered(revision) : null;
    }

    public (ConfigurationSnapshot Of, SharedSections Sections) Read()
    {
        var file = local.Current;
        return ReferenceEquals(file, _read.Of) ? _read
            : _read = (file, Complete(
                file, file.Text!.Reveal() == _read.Of.Text!.Reveal() ? _read.Sections.With(file.Parts) : SharedSections.Of(file)));
    }

    /// <summary>
    /// What the cluster follows counts for what is missing here from the next change of the file on, and at once when it is heard of for
    /// the first time, or when the file says just the same by it: else the file would change by itself, with no word of its owner.
    /// </summary>
    /// <param name="parts">The texts.</param>
    /// <param name="content">Names all that the cluster follows; <c>null</c> for nothing.</param>
    public void Follow(IReadOnlyList<PartText> parts, string? content)
    {
        var isFirst = _followed is null;
        _followed = parts;
        var (file, sections) = Read();
        if (file.Missing.Count > 0 && (isFirst || sections.Content != content)
            && Complete(file, sections.With(file.Parts)) is var next && (isFirst || next.Content == content))
        {
            _read = (file, next);
        }
    }

    /// <summary>The texts among those of a cluster that are missing in a file.</summary>
    public static IEnumerable<PartText> Lacking(ConfigurationSnapshot file, IReadOnlyList<PartText> parts)
    {
        if (file.Missing.Count == 0)
        {
            return [];
        }

        var known = file.Parts.Select(part => part.Name).ToHashSet();
        var missing = file.Missing.ToHashSet();
        List<string> folders = [.. file.Missing.Select(PartText.PathOf).OfType<string>().Where(IncludePattern.HasWildcard)];
        return parts.Where(part => !known.Contains(part.Name) && (missing.Contains(part.Name)
            || (PartText.PathOf(part.Name) is { } path && folders.Exists(folder => IncludePattern.Matches(folder, path)))));
    }

    /// <summary>A file with a number says all by itself.</summary>
    private SharedSections Complete(ConfigurationSnapshot file, SharedSections own)
    {
        List<PartText> kept = own.IsNumbered ? [] : [.. Lacking(file, _followed ?? [])];
        return kept.Count == 0 ? own
            : own.With([.. file.Parts.Concat(kept).OrderBy(part => part.Name, StringComparer.Ordinal)]);
    }
}
