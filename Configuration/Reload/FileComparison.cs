namespace RegistryProxy.Configuration.Reload;

/// <summary>The file of a silo beside what its cluster follows, and what operators are told of it.</summary>
internal readonly struct FileComparison(
    ConfigurationSnapshot file, SharedSections sections, long revision, SharedSections followed)
{
    /// <summary>For so long a file may be an older one without an alarm: files come to silos one after the other.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(2);

    private readonly bool _isOther = sections.Content != followed.Content
        && !(sections.IsNumbered && OwnFile.Lacking(file, followed.Parts).Any());

    /// <summary>Why the silo must not get work: main files contradict each other under one revision.</summary>
    public string? Conflict => _isOther && IsSameRevision && !sections.IsOfSameMain(followed)
        ? $"the file says something else than the cluster under the same revision {revision}: give it a higher one, or {Accepting}" : null;

    private bool IsSameRevision => sections.IsNumbered && file.Configuration.Revision == revision;

    private string Accepting =>
        $"have it accepted as it is: POST /admin/configuration/accept {{\"hash\": \"{sections.Content}\"}}";

    /// <summary>What is to be done although the silo can go on; <c>null</c> for nothing.</summary>
    /// <param name="standing">How the file stands to what the cluster follows.</param>
    /// <param name="waited">For how long it has not been in force.</param>
    public string? Alarm(FileStanding standing, TimeSpan waited) => !_isOther ? null
        : !sections.IsNumbered ? OfUnnumbered(standing, waited)
        : IsSameRevision && sections.IsOfSameMain(followed)
            ? $"{Differing()} included or tenant file(s) differ from those of the cluster under revision {revision}, which stay in " +
                "use: give the main file a higher revision"
        : file.Configuration.Revision < revision && waited > Grace
            ? $"the file has the revision {file.Configuration.Revision}, and the cluster follows {revision}: give it a higher one, or " +
                Accepting : null;

    private string? OfUnnumbered(FileStanding standing, TimeSpan waited) => standing switch
    {
        FileStanding.Lost =>
            $"the file is not in use: it was not made from what the cluster follows now ({followed.Content}), or it returns to an " +
            $"earlier text: change it, or {Accepting}",
        FileStanding.Behind when waited > Grace =>
            $"the file is an older one than the cluster follows ({followed.Content}), which stays in use: replace it, or {Accepting}",
        _ => null,
    };

    private int Differing() => sections.Parts.Concat(followed.Parts).GroupBy(part => part.Name)
        .Count(texts => texts.Count() != 2 || texts.Select(part => part.Hash).Distinct().Count() != 1);
}
