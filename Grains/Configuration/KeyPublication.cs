using RegistryProxy.Background;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Keys;

namespace RegistryProxy.Grains.Configuration;

/// <summary>
/// Which key signs: one that the gateways have been told of. A key that a new ring brings is published first, and the one before signs
/// until every gateway that follows has heard of it. What was published stays so for as long as its tokens live, whatever became of its
/// ring. For the single thread of a grain.
/// </summary>
internal sealed class KeyPublication(TimeProvider time)
{
    /// <summary>How long gateways that follow are waited for; they ask every two seconds.</summary>
    private static readonly TimeSpan PublicationTimeout = TimeSpan.FromSeconds(3);

    /// <summary>Who has not asked for so long does not follow any more.</summary>
    private static readonly TimeSpan Following = TimeSpan.FromSeconds(5);

    /// <summary>For how long a key signs beyond its time while the ring is silent; less than the ring publishes it for.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    /// <summary>Tokens may be a little older than they say: clocks differ.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(2);

    /// <summary>How many versions of the snapshot are remembered with their keys.</summary>
    private const int VersionCapacity = 16;

    private readonly Dictionary<object, (TimeSpan At, string Version)> _followers = [];
    private readonly Dictionary<string, (TokenKey Key, DateTimeOffset KeepUntil)> _published = [];
    private readonly OrderedDictionary<string, HashSet<string>> _versions = [];
    private SigningKey? _signing;
    private SigningKey? _next;
    private TimeSpan _nextSince;

    /// <summary>Whether the ring need not be asked.</summary>
    public bool IsGood => (_next ?? _signing) is { } key && time.GetUtcNow() < key.UseUntil;

    /// <summary>Whether the key may go on until the ring has been asked.</summary>
    public bool MayGoOn => (_next ?? _signing) is { } key && time.GetUtcNow() < key.UseUntil + Grace;

    /// <summary>The keys of a ring, and those published before that may still have tokens.</summary>
    public PublishedKeys Add(PublishedKeys ring, TimeSpan tokenLife)
    {
        var now = time.GetUtcNow();
        foreach (var over in _published.Where(known => known.Value.KeepUntil <= now).Select(known => known.Key).ToList())
        {
            _published.Remove(over);
        }

        ring.TokenKeys.ToList().ForEach(key => _published[key.Id] = (key, now + Grace + tokenLife + Margin));
        var left = _published.Values.Select(known => known.Key).Where(key => ring.TokenKeys.All(known => known.Id != key.Id)).ToList();
        return left.Count == 0 ? ring
            : ring with
            {
                Version = string.Join('.', [ring.Version, .. left.Select(key => key.Id)]), TokenKeys = [.. ring.TokenKeys, .. left]
            };
    }

    /// <summary>A gateway asked, and told what it has.</summary>
    public void Follows(object gateway, string version)
    {
        var now = time.GetSteadyNow();
        _followers[gateway] = (now, version);
        foreach (var gone in _followers.Where(known => now - known.Value.At > Following).Select(known => known.Key).ToList())
        {
            _followers.Remove(gone);
        }
    }

    /// <summary>A snapshot is given out from now on.</summary>
    /// <param name="version">Of the snapshot.</param>
    /// <param name="keys">That it has.</param>
    /// <param name="signing">What the ring wants to sign with; one of them.</param>
    public void Publish(string version, IReadOnlyList<TokenKey> keys, SigningKey signing)
    {
        _versions.Remove(version);
        _versions[version] = [.. keys.Select(key => key.Id)];
        if (_versions.Count > VersionCapacity)
        {
            _versions.RemoveAt(0);
        }

        if (_signing is null || _signing.Id == signing.Id)
        {
            (_signing, _next) = (signing, null);
            return;
        }

        _nextSince = _next?.Id == signing.Id ? _nextSince : time.GetSteadyNow();
        _next = signing;
    }

    /// <summary>The key to sign with now. Only after <see cref="Publish"/>.</summary>
    public SigningKey Key()
    {
        if (_next is { } next && (HaveAll(next.Id) || time.GetSteadyNow() >= _nextSince + PublicationTimeout))
        {
            (_signing, _next) = (next, null);
        }

        return _signing!;
    }

    private bool HaveAll(string key)
    {
        var since = time.GetSteadyNow() - Following;
        return _followers.Values.All(
            follower => follower.At < since || (_versions.TryGetValue(follower.Version, out var keys) && keys.Contains(key)));
    }
}
