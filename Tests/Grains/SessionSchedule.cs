using Orleans.Storage;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Tests.Support.State;

namespace RegistryProxy.Tests.Grains;

/// <summary>
/// One seeded course of logins, revocations, restarts and storage faults of one identity, and what must be so at each of its points.
/// </summary>
internal sealed class SessionSchedule
{
    private static readonly GrainId Grain = GrainId.Create("session", "acme/staff/alice");
    private static readonly TimeSpan Life = TimeSpan.FromDays(30);

    private readonly VirtualThread _thread = new();
    private readonly Random _random;
    private readonly FaultyStorage _storage;
    private MortalStorage _way = null!;
    private readonly Dictionary<string, Fate> _sessions = [];
    private readonly List<Task> _running = [];
    private readonly List<(int Group, int Began, int Ended, bool Granted)> _proofs = [];
    private SessionBook _book = null!;
    private bool _isOutdated;
    private int _clock;
    private Exception? _told;
    private int _opened;
    private int _group;

    public SessionSchedule(int seed)
    {
        _random = new Random(seed);
        _storage = new FaultyStorage(_thread.Time, _random);
        Activate();
        var many = _random.Next(3) == 0 ? _random.Next(SessionEviction.MaxRecent - 4, SessionEviction.MaxRecent + 2) : 0;
        for (var i = 0; i < many; i++)
        {
            _thread.Finish(Open(refreshable: true));
        }
    }

    public int Granted => _sessions.Values.Count(fate => fate.Granted is not null);

    public int Revoked => _sessions.Values.Count(fate => fate.RevokedBy is not null);

    public void Run()
    {
        for (var step = 0; step < 30; step++)
        {
            _storage.Trouble = _random.Next(3) switch { 0 => 0, 1 => 0.3, _ => 0.8 };
            var begun = Step();
            if (_random.Next(2) == 0)
            {
                _thread.Finish(begun);
            }

            // Another one wrote: Orleans ends this activation.
            if (_isOutdated || _random.Next(8) == 0)
            {
                Activate();
            }
        }

        _storage.Trouble = 0;
        _thread.Pass(TimeSpan.FromMinutes(1));
        Check();
        Activate();
        Check();
        EndTheDoubtful();
    }

    private Task<bool> Step() => _random.Next(6) switch
    {
        0 or 1 => Open(refreshable: true),
        2 => Open(refreshable: false),
        3 when Any() is { } id => Revoke(id),
        4 when _random.Next(4) == 0 => RevokeAll(),
        _ => Look(),
    };

    /// <summary>The silo died: what it had begun may still reach the storage.</summary>
    private void Activate()
    {
        _way?.Die();
        _way = new MortalStorage(_storage);
        var pages = new SessionPages(page => Stored<SessionPage>($"session-page-{page}"));
        (_book, _isOutdated) = (new SessionBook(Stored<SessionState>("session"), pages, _thread.Time), false);
    }

    private Stored<T> Stored<T>(string name)
        where T : class, new() => new(_way, name, Grain, _thread.Time) { Outdated = () => _isOutdated = true };

    private string? Any() => _sessions.Count == 0 ? null : _sessions.Keys.ElementAt(_random.Next(_sessions.Count));

    private Task<bool> Open(bool refreshable)
    {
        _group += _random.Next(3) == 0 ? 1 : 0;
        var (group, began, now) = (_group, ++_clock, _thread.Time.GetUtcNow());
        var fresh = new StoredSession($"s{++_opened}", refreshable ? "hash" : null, "", now, now + Life, "127.0.0.1");
        var identity = new VerifiedIdentity("staff", "alice", [$"g{group}"], new Dictionary<string, string>(), "");
        _sessions[fresh.Id] = new Fate();
        return Begin(book => book.Open(identity, fresh, TimeSpan.FromMinutes(15)), (booked, ended) =>
        {
            _proofs.Add((group, began, ended, booked is not null));
            if (booked is { Session.Id: var id })
            {
                Assert.False(_sessions[id].RevokedBy < began, $"{id} was revoked and is given out again");
                _sessions[id].Granted ??= ended;
            }
        });
    }

    private Task<bool> Revoke(string id) => End([_sessions[id]], book => book.Remove(id));

    private Task<bool> RevokeAll() => End([.. _sessions.Values], book => book.Clear());

    private Task<bool> End(List<Fate> fates, Func<SessionBook, Task<bool>> work)
    {
        // What was not granted yet, somebody else may be granted later.
        var (granted, began) = (fates.FindAll(fate => fate.Granted is not null), ++_clock);
        fates.ForEach(fate => fate.DoubtfulSince ??= began);
        return Begin(
            async book => await work(book) ? "some" : "none",
            (ended, at) => granted.ForEach(fate => fate.RevokedBy = ended is null ? fate.RevokedBy : fate.RevokedBy ?? at));
    }

    private Task<bool> Look() => Begin(async book => await book.Read(), (_, _) => { });

    /// <summary>Begins something on the silo that lives now; of one that died meanwhile nobody hears anything.</summary>
    private Task<bool> Begin<T>(Func<SessionBook, Task<T>> work, Action<T?, int> then)
        where T : class
    {
        var book = _book;
        var task = _thread.Begin(async () =>
        {
            T? result = null;
            try
            {
                result = await work(book);
            }
            catch (Exception fault) when (fault is StateUnavailableException or InconsistentStateException)
            {
                // Whoever asked is told so.
                _told = fault;
            }

            then(ReferenceEquals(book, _book) ? result : null, ++_clock);
            return true;
        });
        _running.Add(task);
        return task;
    }

    private void Check()
    {
        var book = _book;
        var reading = _thread.Begin(async () => await book.Read());
        _thread.Finish(reading);
        var state = reading.Result;
        foreach (var (id, fate) in _sessions)
        {
            var isThere = book.Find(state, id) is not null;
            Assert.False(isThere && fate.RevokedBy is not null, $"{id} was revoked and is alive");
            Assert.True(isThere || fate.Granted is null || fate.DoubtfulSince is not null,
                $"{id} was granted, nobody revoked it, and it is not known");
        }

        if (state.Identity is { } identity
            && _sessions.Any(session => session.Value.Granted is not null && book.Find(state, session.Key) is not null))
        {
            // Nothing was confirmed since that says something else. (A login that failed may come late, when all others have ended.)
            var last = _proofs.Where(proof => $"g{proof.Group}" == identity.Groups[0]).Max(proof => proof.Ended);
            Assert.DoesNotContain(_proofs, proof => proof.Granted && proof.Began > last);
        }
    }

    /// <summary>A revocation that failed is asked for again.</summary>
    private void EndTheDoubtful()
    {
        foreach (var id in _sessions.Where(session => session.Value is { DoubtfulSince: not null, RevokedBy: null, Granted: not null })
            .Select(session => session.Key).ToList())
        {
            _thread.Finish(Revoke(id));
            if (_isOutdated)
            {
                // What was late has come: the next activation knows it.
                Activate();
                _thread.Finish(Revoke(id));
            }

            Assert.True(_sessions[id].RevokedBy is not null, $"{id} cannot be revoked: {_told}");
        }

        Check();
        Activate();
        Check();
        _running.FindAll(task => task.IsFaulted).ForEach(task => task.GetAwaiter().GetResult());
    }

    /// <summary>What became of a session: when it was granted, when somebody first tried to end it, when that was confirmed.</summary>
    private sealed class Fate
    {
        public int? Granted { get; set; }

        public int? DoubtfulSince { get; set; }

        public int? RevokedBy { get; set; }
    }
}
