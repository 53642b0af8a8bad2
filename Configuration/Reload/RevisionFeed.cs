using RegistryProxy.Background;
using RegistryProxy.Configuration.Reading;

namespace RegistryProxy.Configuration.Reload;

/// <summary>
/// The configuration of a silo in a cluster: the highest revision that it or its cluster has seen. An older file changes nothing, and
/// neither does a file that says something else under the same revision; both are told by <see cref="Conflict"/>. A file without
/// <c>revision</c> is in use once the cluster follows it (<see cref="FileProposal"/>).
/// </summary>
public sealed class RevisionFeed : IConfigurationFeed
{
    /// <summary>With every so manieth word of the cluster parts that are of no use here are tried again.</summary>
    private const int FollowsWithFaults = 10;

    private readonly string _path;
    private readonly ConfigurationComposer _composer;
    private readonly FileProposal _proposal;
    private readonly Lock _gate = new();
    private readonly ManagedParts _managed;
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly OwnFile _file;
    private SharedSections _shared;
    private string? _own;
    private string? _clusters;
    private IReadOnlyList<PartFault> _faults = [];
    private int _follows;
    private bool _isFollowing;

    /// <param name="local">The file of this host.</param>
    /// <param name="path">Where it lies: relative paths of the cluster's configuration begin at its folder.</param>
    /// <param name="time">The clock.</param>
    public RevisionFeed(IConfigurationFeed local, string path, TimeProvider time)
    {
        (Local, _path, _composer, _proposal) = (local, path, new ConfigurationComposer(path, ConfigurationPart.Whole), new(time));
        Current = local.Current;
        _file = new OwnFile(local);
        _shared = _file.Read().Sections;
        ReadProposal();
        local.Changed += Reread;
        _managed = (local as ConfigurationWatcher)?.Managed ?? new ManagedParts();
        _managed.Changed += MergeAgain;
    }

    public event Action? Changed;

    public IConfigurationFeed Local { get; }

    public ConfigurationSnapshot Current { get; private set; }

    /// <summary>Why this silo must not get work; <c>null</c> when all is well.</summary>
    public string? Conflict => _clusters ?? _own;

    /// <summary>What operators have to do although this silo can go on; <c>null</c> for nothing.</summary>
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

    /// <summary>
    /// The highest revision seen and what it says; 0 at the start from a file without one, which counts if the cluster follows nothing.
    /// </summary>
    public (long Revision, SharedSections Sections) Highest
    {
        get
        {
            lock (_gate)
            {
                return (_isFollowing || _shared.IsNumbered ? Current.Configuration.Revision : 0, _shared);
            }
        }
    }

    /// <summary>What the file of this silo says, unless it has a number or lacks others, and whether the cluster follows it.</summary>
    public (string? Content, bool IsInForce) Own
    {
        get
        {
            lock (_gate)
            {
                var sections = _file.Read().Sections;
                var isInForce = _isFollowing && IsUsable && sections.Content == _shared.Content;
                return (isInForce || (_file.IsWhole && !sections.IsNumbered) ? sections.Content : null, isInForce);
            }
        }
    }

    /// <summary>
    /// What the cluster follows, from the file of this silo, when that says the same without a number; <c>null</c> when it does not.
    /// </summary>
    /// <param name="revision">Of what the cluster follows.</param>
    /// <param name="content">Names what the cluster follows.</param>
    public SharedSections? Find(long revision, string content)
    {
        lock (_gate)
        {
            return _file.Find(revision, content);
        }
    }

    /// <summary>At the start: what the file of this silo said when the cluster last followed it.</summary>
    public void Recall(string former)
    {
        lock (_gate)
        {
            _proposal.Recall(former);
        }
    }

    /// <summary>What the file of this silo would have the cluster follow next; <c>null</c> for nothing.</summary>
    /// <param name="accepted">What an operator has said to be good, whatever was before; <c>null</c> for nothing.</param>
    public Proposal? Propose(string? accepted)
    {
        lock (_gate)
        {
            var sections = _file.Read().Sections;
            var isDue = sections.Content == accepted
                || (!sections.IsNumbered && _proposal.Judge(_shared.Content) == FileStanding.Proposed);
            var revision = Current.Configuration.Revision + 1;
            return isDue && sections.Content != _shared.Content
                ? new Proposal(_shared.Content, revision, sections.Numbered(revision)) : null;
        }
    }

    /// <summary>The cluster follows something else than was proposed.</summary>
    public void Lose(Proposal proposal)
    {
        lock (_gate)
        {
            _proposal.Lose(proposal.Sections.Content);
            CompareOwn();
        }
    }

    /// <summary>Whether files may be missing here that the cluster has: what is offered to it must not lack them.</summary>
    public bool MayLackFiles => Local.Current.Missing.Count > 0 || Local is ConfigurationWatcher { LacksIncluded: true };

    /// <summary>Takes texts that the cluster follows for files that are missing here, or of no use without a last good text.</summary>
    /// <param name="followed">What the cluster follows; <c>null</c> for nothing.</param>
    public void Restore(SharedSections? followed)
    {
        var parts = followed?.Parts ?? [];
        (Local as ConfigurationWatcher)?.Recall(parts);
        (Local as ConfigurationWatcher)?.Restore(parts);

        lock (_gate)
        {
            _file.Follow(parts, followed?.Content);
            ReadProposal();
        }
    }

    /// <summary>What the cluster follows now.</summary>
    public void Follow(long revision, SharedSections sections)
    {
        var changed = false;
        lock (_gate)
        {
            _isFollowing = true;
            if (revision > Current.Configuration.Revision
                || (revision == Current.Configuration.Revision && sections.Content != _shared.Content))
            {
                changed = Take(revision, sections);
            }
            else if (revision == Current.Configuration.Revision)
            {
                _clusters = null;
                changed = TryFaultyAgain();
            }

            _file.Follow(_shared.Parts, _shared.Content);
            ReadProposal();
            CompareOwn();
        }

        RaiseChanged(changed);
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
    private bool TryFaultyAgain() => _faults.Count > 0 && ++_follows % FollowsWithFaults == 0 && Renew();

    /// <summary>What the file of this host says was read with the new parts already.</summary>
    private void MergeAgain()
    {
        bool isNews;
        lock (_gate)
        {
            isNews = !ReferenceEquals(Current, Local.Current) && Renew();
        }

        RaiseChanged(isNews);
    }

    /// <summary>What the cluster follows is put together again; whether it says something else now.</summary>
    private bool Renew()
    {
        if (Merge(_shared) is not { Snapshot: { } snapshot } result)
        {
            return false;
        }

        var isNews = snapshot.Version != Current.Version;
        (Current, _faults) = (isNews ? snapshot : Current, result.Faults);
        return isNews;
    }

    private ConfigurationResult Merge(SharedSections sections) =>
        ClusterFile.Compose(_composer, _path, Local.Current.Text!, sections, _managed);

    private void Reread()
    {
        var taken = false;
        lock (_gate)
        {
            ReadProposal();
            taken = TakeFile();
            CompareOwn();
        }

        RaiseChanged(taken);
    }

    private bool TakeFile()
    {
        var (file, sections) = _file.Read();
        var revision = file.Configuration.Revision;
        if (_isFollowing && !sections.IsNumbered)
        {
            // The revision is the cluster's; what is of this host alone may be another.
            return sections.Content == _shared.Content && Take(Current.Configuration.Revision, _shared);
        }

        if (_isFollowing && revision <= Current.Configuration.Revision
            && (revision < Current.Configuration.Revision || sections.Content != _shared.Content))
        {
            return false;
        }

        (Current, _shared, _clusters, _faults) = (file, sections, null, []);
        return true;
    }

    /// <summary>A file that lacks others is none yet, until it is known what the cluster has of them.</summary>
    private void ReadProposal()
    {
        if (_file.IsWhole)
        {
            _proposal.Read(_file.Read().Sections.Content, _shared.Content);
        }
    }

    private void RaiseChanged(bool isChanged) => BackgroundFaults.Raise(isChanged ? Changed : null, handler => handler());

    private void CompareOwn()
    {
        if (!_isFollowing || !IsUsable)
        {
            return;
        }

        var (file, sections) = _file.Read();
        var comparison = new FileComparison(file, sections, Current.Configuration.Revision, _shared);
        var standing = _proposal.Judge(_shared.Content);
        _own = comparison.Conflict;
        var faulty = _faults.Count == 0 ? null
            : $"{_faults.Count} included or tenant file(s) of the cluster cannot be used on this silo; everything else is in use";
        var other = comparison.Alarm(standing, _proposal.Waited);
        Alarm = faulty is null ? other : other is null ? faulty : $"{faulty}; {other}";
    }
}
