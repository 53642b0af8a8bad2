using System.Runtime.CompilerServices;
using RegistryProxy.Gateway.Tenants;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>
/// Whether an upstream's word on HEAD counts, for manifests and for blobs. There are registries that take no HEAD, or say 404, 401 or 403
/// to each: what they say is no answer, and only a GET is. One that said yes of late is believed when it says no; one that never did is
/// believed once it says yes of something that a GET brought, or has had enough GETs for now.
/// </summary>
internal sealed class HeadTruth(TimeProvider time)
{
    /// <summary>GETs of what HEAD says is not there, of an upstream whose word is not known yet, within <see cref="Life"/>.</summary>
    public const int MaxTrials = 10;

    /// <summary>How long it is remembered.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(10);

    private readonly ConditionalWeakTable<Upstream, HeadRecord[]> _records = [];

    public HeadRecord Of(Upstream upstream, bool isBlob) =>
        _records.GetValue(upstream, _ => [new HeadRecord(time), new HeadRecord(time)])[isBlob ? 1 : 0];
}

/// <summary>What is known of one upstream's HEAD.</summary>
internal sealed class HeadRecord(TimeProvider time)
{
    /// <summary>A GET so soon after a HEAD is about the same content: later it may have been pushed.</summary>
    private static readonly TimeSpan Following = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private Fetch? _witness;
    private (string Target, long At)? _denied;
    private long? _honestAt;
    private long? _voidAt;
    private long _trialsSince;
    private int _trials;

    /// <summary>Whether it is not worth asking with HEAD.</summary>
    public bool IsVoid
    {
        get
        {
            lock (_gate)
            {
                return IsRecent(_voidAt);
            }
        }
    }

    /// <summary>Whether HEAD said yes of late.</summary>
    public bool IsHonest
    {
        get
        {
            lock (_gate)
            {
                return IsRecent(_honestAt);
            }
        }
    }

    /// <summary>Whether it is to be told what a GET brings: nothing is known of HEAD now.</summary>
    public bool WantsWitness
    {
        get
        {
            lock (_gate)
            {
                return !IsRecent(_honestAt) && !IsRecent(_voidAt);
            }
        }
    }

    /// <summary>HEAD said yes.</summary>
    public void Confirm()
    {
        lock (_gate)
        {
            (_honestAt, _voidAt, _denied) = (time.GetTimestamp(), null, null);
        }
    }

    /// <summary>HEAD is not taken, or says no of what is there.</summary>
    public void Reject()
    {
        lock (_gate)
        {
            (_honestAt, _voidAt) = (null, time.GetTimestamp());
        }
    }

    /// <summary>A GET brought something, whatever HEAD said of it.</summary>
    public void Witness(Fetch fetch)
    {
        lock (_gate)
        {
            _witness = fetch with { Payer = null };
            if (_denied is { } denied && denied.Target == fetch.Target.Text && time.GetElapsedTime(denied.At) < Following)
            {
                (_denied, _honestAt, _voidAt) = (null, null, time.GetTimestamp());
            }
        }
    }

    /// <summary>HEAD said no: whether that is believed, or what to ask HEAD of, which is there, before it is.</summary>
    public (bool IsBelieved, Fetch? Witness) Deny(Fetch fetch)
    {
        lock (_gate)
        {
            if (IsRecent(_honestAt))
            {
                return (true, null);
            }

            _denied = (fetch.Target.Text, time.GetTimestamp());
            (var witness, _witness) = (_witness, null);
            return (witness is null && !MayTry(), witness);
        }
    }

    private bool MayTry()
    {
        (_trialsSince, _trials) = IsRecent(_trialsSince) ? (_trialsSince, _trials + 1) : (time.GetTimestamp(), 1);
        return _trials <= HeadTruth.MaxTrials;
    }

    private bool IsRecent(long? since) => since is { } at && time.GetElapsedTime(at) < HeadTruth.Life;
}
