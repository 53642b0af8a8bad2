using RegistryProxy.Background;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reading.Texts;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration.Reload;

/// <summary>
/// The configuration of a silo in a cluster: the highest revision that it or its cluster has seen. An older file changes nothing, and
/// neither does a file that says something else under the same revision; both are told by <see cref="Conflict"/>.
/// </summary>
public sealed class RevisionFeed : IConfigurationFeed
{
    /// <summary>With every so manieth word of the cluster parts that are of no use here are tried again.</summary>
    private const int FollowsWithFaults = 10;

    private readonly string _path;
    private readonly ConfigurationComposer _composer;
    private readonly Lock _gate = new();
    private readonly ManagedParts _managed;
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SharedSections _shared;
    private (ConfigurationSnapshot Of, SharedSections Sections) _file;
    private string? _own;
    private string? _clusters;
    private IReadOnlyList<PartFault> _faults = [];
    private int _follows;

    /// <param name="local">The file of this host.</param>
    /// <param name="path">Where it lies: relative paths of the cluster's configuration begin at its folder.</param>
    public RevisionFeed(IConfigurationFeed local, string path)
    {
        (Local, _path, _composer) = (local, path, new ConfigurationComposer(path, ConfigurationPart.Whole));
        Current = local.Current;
        _file = (Current, SharedSections.Of(Current));
        _shared = _file.Sections;
        local.Changed += Reread;
        _managed = (local as ConfigurationWatcher)?.Managed ?? new ManagedParts();
        _managed.Changed += MergeAgain;
    }

    public event Action? Changed;

    public IConfigurationFeed Local { get; }

    public ConfigurationSnapshot Current { get; private set; }

    /// <summary>Why this silo must not get work; <c>null</c> when all is well.</summary>
    public string? Conflict => _clusters ?? _own;

    /// <summary>
    /// What operators have to do although this silo can go on: a file beside the main one is another here than what the cluster follows, or
    /// of no use here. <c>null</c> for nothing.
    /// </summary>
    public string? Alarm { get; private set; }

    /// <summary>What is wrong here with files beside the main one that the cluster follows.</summary>
    public IReadOnlyList<PartFault> Faults
    {
        get
        {
            lock (_gate)
            {
                return _faults;
            }
        }
    }

    /// <summary>Whether the cluster's configuration could be taken over: else nothing may be decided by the one that is here.</summary>
    public bool IsUsable => _clusters is null;

    /// <summary>Ends when it is known for the first time what the cluster follows.</summary>
    public Task Settled => _settled.Task;

    /// <summary>The highest revision seen and what it says.</summary>
    public (long Revision, SharedSections Sections) Highest
    {
        get
        {
            lock (_gate)
            {
                return (Current.Configuration.Revision, _shared);
            }
        }
    }

    /// <summary>
    /// Takes texts that the cluster follows for files here that cannot be used and have no last good text: what is offered to the cluster
    /// must not lack what it has.
    /// </summary>
    public void Restore(IReadOnlyList<PartText> parts)
    {
        if (Local is ConfigurationWatcher watcher && watcher.Current.Missing.Count > 0)
        {
            watcher.Restore([.. parts.Where(part => watcher.Current.Missing.Contains(part.Name))]);
        }
    }

    /// <summary>What the cluster follows now.</summary>
    public void Follow(long revision, SharedSections sections)
    {
        var changed = false;
        lock (_gate)
        {
            if (revision > Current.Configuration.Revision
                || (revision == Current.Configuration.Revision && sections.Content != _shared.Content))
            {
                changed = Take(revision, sections);
            }
            else if (revision == Current.Configuration.Revision)
            {
                _clusters = null;
                changed = TryFaultyAgain(sections);
            }

            CompareOwn();
        }

        if (changed)
        {
            RaiseChanged();
        }

        _settled.TrySetResult();
    }

    private bool Take(long revision, SharedSections sections)
    {
        var result = Merge(sections);
        if (result.Snapshot is not { } snapshot)
        {
            _clusters = $"the cluster's configuration, revision {revision}, cannot be used here: " +
                $"{string.Join("; ", result.Errors.Select(error => $"{error.Field}: {error.Message}"))}";
            return false;
        }

        (Current, _shared, _clusters, _faults) = (snapshot, sections, null, result.Faults);
        return true;
    }

    /// <summary>Files that a part names may have come, or have been mended.</summary>
    private bool TryFaultyAgain(SharedSections sections)
    {
        if (_faults.Count == 0 || ++_follows % FollowsWithFaults != 0 || Merge(sections) is not { Snapshot: { } snapshot } result)
        {
            return false;
        }

        var isNews = snapshot.Version != Current.Version;
        (Current, _faults) = (isNews ? snapshot : Current, result.Faults);
        return isNews;
    }

    /// <summary>What the file of this host says was read with the new parts already.</summary>
    private void MergeAgain()
    {
        var isNews = false;
        lock (_gate)
        {
            if (!ReferenceEquals(Current, Local.Current) && Merge(_shared) is { Snapshot: { } snapshot } result)
            {
                isNews = snapshot.Version != Current.Version;
                (Current, _faults) = (isNews ? snapshot : Current, result.Faults);
            }
        }

        if (isNews)
        {
            RaiseChanged();
        }
    }

    private ConfigurationResult Merge(SharedSections sections)
    {
        try
        {
            return _composer.Compose(
                new Secret(SharedSections.Merge(Local.Current.Text!, sections.Text)), new GivenParts(sections.Parts, _managed));
        }
        catch (FormatException fault)
        {
            return new ConfigurationResult(null, [new ConfigurationError(_path, 1, "", fault.Message)]);
        }
    }

    private void Reread()
    {
        var taken = false;
        lock (_gate)
        {
            var (file, sections) = ReadFile();
            var revision = file.Configuration.Revision;
            if (revision > Current.Configuration.Revision || !_settled.Task.IsCompleted
                || (revision == Current.Configuration.Revision && sections.Content == _shared.Content))
            {
                (Current, _shared, _clusters, _faults) = (file, sections, null, []);
                taken = true;
            }

            CompareOwn();
        }

        if (taken)
        {
            RaiseChanged();
        }
    }

    /// <summary>What the file of this host says; taken apart once for each change of it.</summary>
    private (ConfigurationSnapshot Of, SharedSections Sections) ReadFile()
    {
        var file = Local.Current;
        return ReferenceEquals(file, _file.Of) ? _file
            : _file = (file, file.Text!.Reveal() == _file.Of.Text!.Reveal() ? _file.Sections.With(file.Parts) : SharedSections.Of(file));
    }

    private void RaiseChanged() => BackgroundFaults.Raise(Changed, handler => handler());

    private void CompareOwn()
    {
        var (file, sections) = ReadFile();
        var revision = file.Configuration.Revision;
        var isOther = file.Missing.All(PartText.IsManaged) && revision == Current.Configuration.Revision
            && sections.Content != _shared.Content;
        var isOtherMain = isOther && !sections.IsOfSameMain(_shared);
        _own = isOtherMain
            ? $"the file says something else than the cluster under the same revision {revision}: give it a higher one" : null;
        Alarm = _faults.Count > 0
            ? $"{_faults.Count} file(s) beside the main one cannot be used here as the cluster follows them; all else is in use"
            : isOther && !isOtherMain
                ? $"{Differing(sections)} file(s) beside the main one are other ones here than the cluster follows under revision " +
                    $"{revision}, which stays in use: give the main file a higher revision" : null;
    }

    private int Differing(SharedSections sections) =>
        sections.Parts.Concat(_shared.Parts).GroupBy(part => part.Name)
            .Count(texts => texts.Count() != 2 || texts.Select(part => part.Hash).Distinct().Count() != 1);
}
