using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Tests.Support.State;

namespace RegistryProxy.Tests.Grains;

/// <summary>However many sessions there are, the next login costs what the others did.</summary>
public sealed class SessionCostTests
{
    private static readonly GrainId Grain = GrainId.Create("session", "acme/staff/alice");

    private readonly VirtualThread _thread = new();
    private readonly FaultyStorage _storage;

    public SessionCostTests() => _storage = new FaultyStorage(_thread.Time, new Random(0));

    [Fact]
    public void The_ten_thousandth_login_of_a_subject_writes_what_the_hundredth_did_and_every_session_is_known()
    {
        var book = Book();
        var written = new List<long>();
        for (var i = 0; i < 10_000; i++)
        {
            Open(book, i);
            written.Add(_storage.Written);
        }

        var (early, late) = ((written[199] - written[99]) / 100, (written[9_999] - written[9_899]) / 100);
        TestContext.Current.TestOutputHelper?.WriteLine($"{written[0]} bytes for the first login, {early} for the hundredth, {late} for the ten-thousandth");
        Assert.InRange(late, 0, early * 2);
        Assert.InRange(late, 0, 32 << 10);

        var again = Book();
        var state = Run(async () => await again.Read());
        Assert.All(Enumerable.Range(0, 10_000), i => Assert.NotNull(again.Find(state, $"s{i}")));
        Assert.True(Run(() => again.Remove("s17")));
        Assert.True(Run(again.Clear));
        for (var i = 0; i < 100 && _storage.Count > 0; i++)
        {
            _thread.Pass(TimeSpan.FromMilliseconds(100));
        }

        Assert.Equal(0, _storage.Count);
    }

    [Fact]
    public void A_long_list_of_a_tenant_is_written_rarely_and_the_oldest_make_room()
    {
        var catalog = new SessionCatalog(new Stored<SessionIndex>(_storage, "sessions", Grain, _thread.Time), _thread.Time);
        var now = _thread.Time.GetUtcNow();
        for (var i = 0; i < SessionCatalog.Capacity; i++)
        {
            Assert.Null(catalog.Add(Listed(i, now)));
        }

        Assert.Equal("s0", catalog.Add(Listed(-1, now) with { Session = "new" })!.Session);
        Write(catalog);
        var once = _storage.Written;
        for (var second = 0; second < 20; second++)
        {
            catalog.Add(Listed(second, now) with { Session = $"t{second}" });
            _thread.Pass(TimeSpan.FromSeconds(1));
            Write(catalog);
        }

        Assert.Equal(once, _storage.Written);
        _thread.Pass(TimeSpan.FromSeconds(10));
        Write(catalog);
        Assert.True(_storage.Written > once);
        _thread.Pass(TimeSpan.FromDays(40));
        Assert.Equal(SessionCatalog.Capacity, catalog.Prune().Count);
    }

    [Fact]
    public void What_could_not_be_written_to_the_list_is_written_later_and_what_was_removed_does_not_come_back()
    {
        var catalog = new SessionCatalog(new Stored<SessionIndex>(_storage, "sessions", Grain, _thread.Time), _thread.Time);
        var now = _thread.Time.GetUtcNow();
        catalog.Add(Listed(1, now));
        catalog.Add(Listed(2, now));
        Write(catalog);
        _storage.IsDown = true;
        _thread.Pass(TimeSpan.FromSeconds(2));
        catalog.Remove("s1");
        catalog.Add(Listed(3, now));
        Assert.ThrowsAny<StateUnavailableException>(() => Write(catalog));
        _storage.IsDown = false;
        _thread.Pass(TimeSpan.FromSeconds(2));
        Write(catalog);
        var again = new SessionCatalog(new Stored<SessionIndex>(_storage, "sessions", Grain, _thread.Time), _thread.Time);
        Assert.True(Run(again.Read));
        Assert.Equal(["s3", "s2"], again.NewestFirst.Select(session => session.Session));
    }

    private void Open(SessionBook book, int i)
    {
        var now = _thread.Time.GetUtcNow();
        var fresh = new StoredSession($"s{i}", new string('0', 64), "", now, now.AddDays(30), "127.0.0.1");
        Run(() => book.Open(new VerifiedIdentity("staff", "alice", ["dev"], new Dictionary<string, string>(), ""), fresh, TimeSpan.FromMinutes(15), byMachine: false));
    }

    private void Write(SessionCatalog catalog) => Run(async () =>
    {
        await catalog.Write(now: false);
        return true;
    });

    private T Run<T>(Func<Task<T>> work)
    {
        var task = _thread.Begin(work);
        _thread.Finish(task);
        return task.GetAwaiter().GetResult();
    }

    private SessionBook Book() => new(
        new Stored<SessionState>(_storage, "session", Grain, _thread.Time), new SessionPages(page => new Stored<SessionPage>(_storage, $"session-page-{page}", Grain, _thread.Time)), _thread.Time);

    private static SessionSummary Listed(int i, DateTimeOffset now) => new($"s{i}", "staff", "alice", true, now.AddMilliseconds(i), now.AddDays(30), "127.0.0.1");
}
