using RegistryProxy.Background;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reload;

/// <summary>
/// The configuration of a silo in a cluster: the highest revision that it or its cluster has seen. An older file changes nothing, and
/// neither does a file that says something else under the same revision; both are told by <see cref="Conflict"/>.
/// </summary>
public sealed class RevisionFeed : IConfigurationFeed
{
    private readonly string _path;
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SharedSections _shared;
    private (ConfigurationSnapshot Of, SharedSections Sections) _file;
    private string? _own;
    private string? _clusters;

    /// <param name="local">The file of this host.</param>
    /// <param name="path">Where it lies: relative paths of the cluster's configuration begin at its folder.</param>
    public RevisionFeed(IConfigurationFeed local, string path)
    {
        (Local, _path) = (local, path);
        Current = local.Current;
        _file = (Current, SharedSections.Of(Current));
        _shared = _file.Sections;
        local.Changed += Reread;
    }

    public event Action? Changed;

    public IConfigurationFeed Local { get; }

    public ConfigurationSnapshot Current { get; private set; }

    /// <summary>Why this silo must not get work; <c>null</c> when all is well.</summary>
    public string? Conflict => _clusters ?? _own;

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

        (Current, _shared, _clusters) = (snapshot, sections, null);
        return true;
    }

    private ConfigurationResult Merge(SharedSections sections)
    {
        try
        {
            return ConfigurationFile.Parse(SharedSections.Merge(Local.Current.Text!, sections.Text), _path, sections.Parts);
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
                (Current, _shared, _clusters) = (file, sections, null);
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
        _own = file.Missing.Count == 0 && revision == Current.Configuration.Revision && sections.Content != _shared.Content
            ? $"the file says something else than the cluster under the same revision {revision}: give it a higher one"
            : null;
    }
}
