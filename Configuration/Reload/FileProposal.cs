using RegistryProxy.Background;
using RegistryProxy.Configuration.Reading;

namespace RegistryProxy.Configuration.Reload;

/// <summary>
/// Whether the file of a silo, which has no <c>revision</c>, may replace the configuration that its cluster follows: only if it said
/// before what the cluster follows now. What was written without knowledge of that has lost, until the file changes again.
/// </summary>
internal sealed class FileProposal(TimeProvider time)
{
    /// <summary>For so long a file must stay as it is before it counts: several files are not replaced in one moment.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    /// <summary>Of so many texts that the file had since it was last in force is remembered that it had them.</summary>
    private const int MaxFormers = 100;

    private readonly List<string> _formers = [];
    private string? _content;
    private TimeSpan _since;
    private TimeSpan? _movesSince;
    private TimeSpan? _otherSince;
    private bool _wasInForce;
    private bool _hasLost;

    /// <summary>For how long the cluster has followed something else.</summary>
    public TimeSpan Waited => _otherSince is { } since ? time.GetSteadyNow() - since : TimeSpan.Zero;

    /// <summary>Files of many owners may never all rest at once: what there is counts after a while.</summary>
    private bool HasRested => time.GetSteadyNow() is var now
        && (now - _since >= Rest || now - _movesSince >= ConfigurationFiles.LongestChange);

    /// <summary>What the file says now, while the cluster follows something.</summary>
    public void Read(string content, string followed)
    {
        if (content == _content)
        {
            return;
        }

        if (_content is { } former && (_wasInForce || HasRested))
        {
            Add(former);
        }

        if (_hasLost)
        {
            Add(followed);
        }

        var now = time.GetSteadyNow();
        _movesSince = _movesSince is null || now - _since >= Rest ? now : _movesSince;
        (_content, _since, _wasInForce, _hasLost) = (content, now, false, false);
    }

    /// <summary>At the start: what the file said when the cluster last followed it.</summary>
    public void Recall(string former)
    {
        if (former == _content)
        {
            _wasInForce = true;
        }
        else
        {
            Add(former);
        }
    }

    /// <summary>How the file stands to what the cluster follows now.</summary>
    public FileStanding Judge(string followed)
    {
        if (_content == followed)
        {
            _formers.Clear();
            (_wasInForce, _hasLost, _otherSince, _movesSince) = (true, false, null, null);
            return FileStanding.InForce;
        }

        _otherSince ??= time.GetSteadyNow();
        if (_wasInForce)
        {
            return FileStanding.Behind;
        }

        if (_content is null || !HasRested)
        {
            return FileStanding.Resting;
        }

        _hasLost |= !_formers.Contains(followed);
        return _hasLost ? FileStanding.Lost : FileStanding.Proposed;
    }

    /// <summary>The cluster did not take what the file says.</summary>
    /// <param name="content">What was proposed.</param>
    public void Lose(string content) => _hasLost |= content == _content;

    private void Add(string former)
    {
        _formers.Remove(former);
        _formers.Add(former);
        if (_formers.Count > MaxFormers)
        {
            _formers.RemoveAt(0);
        }
    }
}

/// <summary>How the file of a silo stands to what its cluster follows.</summary>
internal enum FileStanding
{
    /// <summary>The cluster follows it.</summary>
    InForce,

    /// <summary>It has just changed.</summary>
    Resting,

    /// <summary>It follows what is in force, and should be in force next.</summary>
    Proposed,

    /// <summary>The cluster followed it, and has gone on.</summary>
    Behind,

    /// <summary>It does not follow what is in force.</summary>
    Lost,
}

/// <summary>What a silo would have its cluster follow.</summary>
/// <param name="Former">What the cluster follows, as far as this silo knows.</param>
/// <param name="Revision">Of the new one.</param>
/// <param name="Sections">The new one.</param>
public sealed record Proposal(string Former, long Revision, SharedSections Sections);
