using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Tests.Support.Running;
using RegistryProxy.Tests.Support.State;

namespace RegistryProxy.Tests.Grains;

/// <summary>However many sessions there are, the next login costs what the others did.</summary>
[Campaign]
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
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{written[0]} bytes for the first login, {early} for the hundredth, {late} for the ten-thousandth");
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
    public void A_login_writes_the_same_however_long_the_list_of_its_tenant_is_and_the_oldest_make_room()
    {
        var catalog = Catalog();
        var now = _thread.Time.GetUtcNow();
        for (var i = 0; i < SessionCatalog.Capacity; i++)
        {
            Assert.Null(catalog.Add(Listed(i, now)));
        }

        Assert.Equal("s0", catalog.Add(Listed(-1, now) with { Session = "new" })!.Session);
        Write(catalog);
        var once = _storage.Written;
        for (var second = 0; second < 300; second++)
        {
            catalog.Add(Listed(second, now) with { Session = $"t{second}" });
            _thread.Pass(TimeSpan.FromSeconds(1));
            Write(catalog);
        }

        var each = (_storage.Written - once) / 300;
        TestContext.Current.TestOutputHelper?.WriteLine($"{once} bytes for the whole list, {each} for each login of the next");
        Assert.InRange(each, 1, 128 << 10);
        Assert.Equal(Shown(catalog), Shown(Catalog()));
        _thread.Pass(TimeSpan.FromDays(40));
        Assert.Equal(SessionCatalog.Capacity, catalog.Prune().Count);
        Write(catalog);
        Pass(() => _storage.Count == 0);
    }

    [Fact]
    public void Pages_that_are_all_but_empty_are_dissolved_and_a_list_of_before_is_read()
    {
        var now = _thread.Time.GetUtcNow();
        var former = new Stored<SessionIndex>(_storage, "sessions", Grain, _thread.Time);
        Run(async () => await former.Change(_ => (new SessionIndex
        {
            Sessions = Enumerable.Range(0, 10_000).Select(i => Listed(i, now)).ToDictionary(session => session.Session)
        }, true)));
        var catalog = Catalog();
        Assert.True(Run(catalog.Read));
        Assert.Equal(10_000, catalog.Count);
        catalog.Add(Listed(10_000, now));
        Write(catalog);
        Assert.Equal(40, _storage.Count);
        for (var i = 0; i < 10_000; i++)
        {
            if (i % SessionIndexPages.MaxPage != 7)
            {
                catalog.Remove($"s{i}");
            }
        }

        for (var second = 0; second < 60; second++)
        {
            _thread.Pass(TimeSpan.FromSeconds(1));
            Write(catalog);
        }

        Pass(() => _storage.Count < 10);
        Assert.Equal(41, catalog.Count);
        Assert.Equal(Shown(catalog), Shown(Catalog()));
    }

    [Fact]
    public void Who_has_most_makes_room_for_the_others()
    {
        var catalog = Catalog();
        var now = _thread.Time.GetUtcNow();
        for (var i = 0; i < 10; i++)
        {
            Assert.Null(catalog.Add(Listed(i, now.AddDays(-1)) with { Session = $"other-{i}", Subject = $"user-{i}" }));
        }

        for (var i = 0; i < SessionCatalog.Capacity + 1000; i++)
        {
            Assert.Equal(i < SessionCatalog.Capacity - 10 ? null : $"s{i - SessionCatalog.Capacity + 10}",
                catalog.Add(Listed(i, now))?.Session);
        }

        Assert.All(Enumerable.Range(0, 10), i => Assert.NotNull(catalog.Find($"other-{i}")));
        Assert.Equal(SessionCatalog.Capacity, catalog.Count);
        Assert.Equal(SessionCatalog.Capacity, catalog.NewestFirst.Count());

        // What has ended leaves, and nothing of who had it stays.
        catalog.Remove("other-3");
        Assert.Null(catalog.Add(Listed(0, now.AddDays(-2)) with { Session = "again", Subject = "user-3" }));
        Assert.Equal("user-3", catalog.Find("again")!.Subject);
    }

    [Fact]
    public void Sessions_that_make_room_in_their_identity_are_named()
    {
        var book = Book();
        for (var i = 0; i < 500; i++)
        {
            Assert.Empty(Open(book, i).Ended);
        }

        _thread.Time.Advance(SessionEviction.Young);
        var ended = Open(book, 500).Ended;
        var state = Run(async () => await book.Read());
        Assert.NotEmpty(ended);
        Assert.Equal(Enumerable.Range(0, 501).Where(i => book.Find(state, $"s{i}") is null).Select(i => $"s{i}"),
            ended.OrderBy(id => int.Parse(id[1..], null)));
    }

    [Fact]
    public void What_could_not_be_written_to_the_list_is_written_later_and_what_was_removed_does_not_come_back()
    {
        var catalog = Catalog();
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
        var again = Catalog();
        Assert.True(Run(again.Read));
        Assert.Equal(["s3", "s2"], again.NewestFirst.Select(session => session.Session));
    }

    private BookedSession Open(SessionBook book, int i)
    {
        var now = _thread.Time.GetUtcNow();
        var fresh = new StoredSession($"s{i}", new string('0', 64), "", now, now.AddDays(30), "127.0.0.1");
        return Run(() => book.Open(new VerifiedIdentity("staff", "alice", ["dev"], new Dictionary<string, string>(), ""), fresh,
            TimeSpan.FromMinutes(15)));
    }

    private List<string> Shown(SessionCatalog catalog)
    {
        Assert.True(Run(catalog.Read));
        return [.. catalog.NewestFirst.Select(session => session.Session)];
    }

    /// <summary>What goes on behind an answer takes its time.</summary>
    private void Pass(Func<bool> until)
    {
        for (var i = 0; i < 1000 && !until(); i++)
        {
            _thread.Pass(TimeSpan.FromMilliseconds(100));
        }

        Assert.True(until());
    }

    private SessionCatalog Catalog() =>
        new(new SessionIndexPages(name => new Stored<SessionIndex>(_storage, name, Grain, _thread.Time)), _thread.Time);

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
        new Stored<SessionState>(_storage, "session", Grain, _thread.Time),
        new SessionPages(page => new Stored<SessionPage>(_storage, $"session-page-{page}", Grain, _thread.Time)), _thread.Time);

    private static SessionSummary Listed(int i, DateTimeOffset now) =>
        new($"s{i}", "staff", "alice", true, now.AddMilliseconds(i), now.AddDays(30), "127.0.0.1");
}
