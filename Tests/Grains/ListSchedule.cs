using Orleans.Storage;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Tests.Support.State;

namespace RegistryProxy.Tests.Grains;

/// <summary>
/// One seeded course of a tenant's list: sessions that open and end, words of it that are lost or late, silos that die, a storage that
/// fails.
/// </summary>
internal sealed class ListSchedule
{
    private static readonly GrainId Grain = GrainId.Create("tenantsessions", "acme");

    private readonly VirtualThread _thread = new();
    private readonly Random _random;
    private readonly FaultyStorage _storage;
    private readonly HashSet<string> _open = [];
    private readonly HashSet<string> _heardOf = [];
    private MortalStorage _way = null!;
    private SessionCatalog _catalog = null!;
    private bool _isAway;
    private int _opened;

    public ListSchedule(int seed)
    {
        _random = new Random(seed);
        _storage = new FaultyStorage(_thread.Time, _random);
        Activate();
    }

    /// <summary>Returns how many sessions are shown in the end.</summary>
    public int Run()
    {
        for (var step = 0; step < 60; step++)
        {
            _storage.Trouble = _random.Next(3) switch { 0 => 0, 1 => 0.3, _ => 0.8 };
            _isAway = _random.Next(4) == 0;
            Step();
            _thread.Pass(TimeSpan.FromMilliseconds(_random.Next(1, 3000)));
        }

        (_storage.Trouble, _isAway) = (0, false);
        _thread.Pass(TimeSpan.FromMinutes(1));
        Write();
        Write();
        var shown = Shown();
        Assert.Subset(_open, shown);
        Assert.Subset(shown, _heardOf.Intersect(_open).ToHashSet());
        Activate();
        Assert.Subset(_open, Shown());
        return shown.Count;
    }

    private void Step()
    {
        switch (_random.Next(6))
        {
            case 0 or 1:
                Open();
                break;
            case 2 when _open.Count > 0:
                End(_open.ElementAt(_random.Next(_open.Count)));
                break;
            case 3 when _random.Next(3) == 0:
                Activate();
                break;
            case 4:
                Shown();
                break;
            default:
                Write();
                break;
        }
    }

    private void Activate()
    {
        _way?.Die();
        _way = new MortalStorage(_storage);
        var way = _way;
        _catalog = new SessionCatalog(
            new SessionIndexPages(name => new Stored<SessionIndex>(way, name, Grain, _thread.Time)), _thread.Time);
        _heardOf.Clear();
    }

    private void Open()
    {
        var id = $"s{++_opened}";
        _open.Add(id);
        var session = new SessionSummary(
            id, "staff", $"user-{_random.Next(3)}", true, _thread.Time.GetUtcNow(), _thread.Time.GetUtcNow().AddDays(30), "127.0.0.1");
        Tell(catalog =>
        {
            catalog.Add(session);
            _heardOf.Add(id);
        });
    }

    private void End(string id)
    {
        _open.Remove(id);
        Tell(catalog => catalog.Remove(id));
    }

    /// <summary>At once, late, or never.</summary>
    private void Tell(Action<SessionCatalog> word)
    {
        var (when, delay) = (_random.Next(4), TimeSpan.FromSeconds(_random.Next(1, 8)));
        _thread.Begin(async () =>
        {
            if (when == 0)
            {
                return true;
            }

            if (when == 1)
            {
                await Task.Delay(delay, _thread.Time);
            }

            word(_catalog);
            return true;
        });
    }

    private void Write() => Try(async catalog =>
    {
        await catalog.Write(now: true);
        return true;
    });

    private HashSet<string> Shown() => Try(async catalog =>
    {
        await catalog.Read();
        var listing = new SessionListing(catalog, OverAmong, _thread.Time);
        return (await listing.Newest(int.MaxValue)).Sessions.Select(session => session.Session).ToHashSet();
    }) ?? [];

    private Task<IReadOnlyList<string>> OverAmong(string authenticator, string subject, IReadOnlyList<string> listed) =>
        _isAway ? throw new TimeoutException() : Task.FromResult<IReadOnlyList<string>>([.. listed.Where(id => !_open.Contains(id))]);

    private T? Try<T>(Func<SessionCatalog, Task<T>> work)
    {
        var task = _thread.Begin(async () =>
        {
            try
            {
                return await work(_catalog);
            }
            catch (Exception fault) when (fault is StateUnavailableException or InconsistentStateException)
            {
                return default;
            }
        });
        _thread.Finish(task);
        return task.GetAwaiter().GetResult();
    }
}
