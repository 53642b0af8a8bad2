using Orleans.Storage;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Running;
using RegistryProxy.Tests.Support.State;

namespace RegistryProxy.Tests.Grains;

/// <summary>
/// The list of a tenant's sessions is written apart from them: nothing that has ended is shown, whatever its storage does.
/// </summary>
[Campaign]
public sealed class ListedSessionTests
{
    private static readonly GrainId Grain = GrainId.Create("tenantsessions", "acme");

    private readonly VirtualThread _thread = new();
    private readonly Late _late = new();
    private readonly FaultyStorage _storage;

    public ListedSessionTests() => _storage = new FaultyStorage(_thread.Time, _late);

    [Fact]
    public void A_write_that_hangs_and_comes_late_lists_nobody_who_has_ended_since()
    {
        var catalog = Catalog(_storage);
        WriteLate(catalog, 1);
        catalog.Remove("s1");
        Write(catalog);
        Comes(catalog);
        Assert.Equal(["s2"], catalog.NewestFirst.Select(session => session.Session));
        Assert.Equal(["s2"], Shown(Catalog(_storage)));
    }

    [Fact]
    public void Nor_does_one_of_a_silo_that_died()
    {
        var dead = Catalog(new MortalStorage(_storage));
        WriteLate(dead, 1);
        var catalog = Catalog(_storage);
        Assert.True(Run(catalog.Read));
        catalog.Remove("s1");
        Comes(catalog);
        Assert.Equal(["s2"], Shown(catalog));
    }

    [Fact]
    public void What_a_list_names_and_has_ended_all_the_same_is_not_shown()
    {
        var catalog = Catalog(_storage);
        for (var i = 0; i < 10; i++)
        {
            catalog.Add(Listed(i));
        }

        // No message said that any has ended.
        Assert.Equal(["s4", "s1"], Shown(catalog, 2, "s1", "s4", "s0"));
        Assert.Equal(["s4", "s1", "s0"], Shown(catalog, 100, "s1", "s4", "s0"));
        Assert.Equal(3, catalog.Count);
    }

    [Fact]
    public void They_are_searched_page_by_page_and_what_has_ended_is_on_none()
    {
        var catalog = Catalog(_storage);
        for (var i = 0; i < 30; i++)
        {
            catalog.Add(Listed(i));
        }

        Assert.Equal((30, "s29"), Found("", 0));
        Assert.Equal((30, "s19"), Found("", 10));
        Assert.Equal((30, ""), Found("", 30));
        Assert.Equal((1, "s7"), Found("s7", 0));
        Assert.Equal((30, "s29"), Found(Listed(0).Authenticator.ToUpperInvariant(), 0));
        Assert.Equal((0, ""), Found("nobody", 0));

        // Those of the second page have ended, and no message said so.
        var listing = new SessionListing(catalog, (_, _, listed) => Task.FromResult<IReadOnlyList<string>>(
            [.. listed.Where(id => id is not ("s29" or "s28" or "s5"))]), _thread.Time);
        Assert.Equal((3, "s5"), First(Run(() => listing.Find("", 2, 10))));

        (int, string) Found(string search, int offset) => First(Run(() => new SessionListing(
            catalog, (_, _, _) => Task.FromResult<IReadOnlyList<string>>([]), _thread.Time).Find(search, offset, 10)));

        static (int, string) First(SessionList list) => (list.Total, list.Sessions.Count > 0 ? list.Sessions[0].Session : "");
    }

    [Fact]
    public void Whose_silo_is_away_is_shown_and_a_word_that_comes_late_lists_nobody()
    {
        var catalog = Catalog(_storage);
        catalog.Add(Listed(1));
        var listing = new SessionListing(catalog, (_, _, _) => throw new TimeoutException(), _thread.Time);
        Assert.Equal(["s1"], Run(() => listing.Newest(10)).Sessions.Select(session => session.Session));
        catalog.Remove("s1");
        catalog.Remove("s2");
        Assert.Null(catalog.Add(Listed(2)));
        Assert.Null(catalog.Add(Listed(1)));
        Assert.Equal(0, catalog.Count);
    }

    [Fact]
    public void Whose_silo_hangs_is_shown_after_a_second_and_its_late_answer_changes_nothing()
    {
        var catalog = Catalog(_storage);
        catalog.Add(Listed(1));
        var answer = new TaskCompletionSource<IReadOnlyList<string>>();
        var (listing, began) = (new SessionListing(catalog, (_, _, _) => answer.Task, _thread.Time), _thread.Time.GetTimestamp());
        Assert.Equal(["s1"], Run(() => listing.Newest(10)).Sessions.Select(session => session.Session));
        Assert.Equal(TimeSpan.FromSeconds(1), _thread.Time.GetElapsedTime(began));
        answer.SetResult(["s1"]);
        _thread.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal(1, catalog.Count);
    }

    [Fact]
    public void Whose_an_ended_session_was_is_known_for_a_while()
    {
        var catalog = Catalog(_storage);
        catalog.Add(Listed(1));
        Assert.Null(catalog.HolderOfEnded("s1"));
        catalog.Remove("s1");
        catalog.Remove("s1");
        Assert.Equal((Listed(1).Authenticator, Listed(1).Subject), catalog.HolderOfEnded("s1") is { } holder
            ? (holder.Authenticator, holder.Subject) : default);
        catalog.Remove("unknown");
        Assert.Null(catalog.HolderOfEnded("unknown"));
    }

    [Fact]
    public void Whatever_happens_only_open_sessions_are_shown_in_the_end()
    {
        var shown = 0;
        var schedules = Sizes.Of(200, 10_000);
        for (var seed = 0; seed < schedules; seed++)
        {
            try
            {
                shown += new ListSchedule(seed).Run();
            }
            catch (Exception fault)
            {
                throw new InvalidOperationException($"seed {seed}", fault);
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{schedules} courses: {shown} sessions shown in the end, all of them open");
        Assert.True(shown > schedules);
    }

    private void WriteLate(SessionCatalog catalog, int session)
    {
        Assert.True(Run(catalog.Read));
        catalog.Add(Listed(session));
        _storage.Trouble = 1;
        Assert.ThrowsAny<StateUnavailableException>(() => Write(catalog));
        _storage.Trouble = 0;
    }

    /// <summary>What hung comes, and the list is written again after it.</summary>
    private void Comes(SessionCatalog catalog)
    {
        _thread.Pass(TimeSpan.FromSeconds(20));
        Assert.Equal(1, _storage.Count);
        catalog.Add(Listed(2));
        Assert.ThrowsAny<InconsistentStateException>(() => Write(catalog));
        Write(catalog);
    }

    private List<string> Shown(SessionCatalog catalog, int limit = 10, params string[] open)
    {
        Assert.True(Run(catalog.Read));
        var listing = new SessionListing(catalog, (_, _, listed) => Task.FromResult<IReadOnlyList<string>>(
            [.. listed.Except(open.Length > 0 ? open : ["s2"])]), _thread.Time);
        return [.. Run(() => listing.Newest(limit)).Sessions.Select(session => session.Session)];
    }

    private void Write(SessionCatalog catalog)
    {
        _thread.Pass(TimeSpan.FromSeconds(2));
        Run(async () =>
        {
            await catalog.Write(now: true);
            return true;
        });
    }

    private T Run<T>(Func<Task<T>> work)
    {
        var task = _thread.Begin(work);
        _thread.Finish(task);
        return task.GetAwaiter().GetResult();
    }

    private SessionCatalog Catalog(IGrainStorage storage) =>
        new(
            new SessionIndexPages(name => new Stored<SessionIndex>(storage, name, Grain, _thread.Time)), _thread.Time);

    private SessionSummary Listed(int i) => new(
        $"s{i}", "staff", $"user-{i % 3}", true, _thread.Time.GetUtcNow().AddMilliseconds(i), _thread.Time.GetUtcNow().AddDays(30),
        "127.0.0.1");

    /// <summary>Every fault is a write that comes in 19 seconds.</summary>
    private sealed class Late : Random
    {
        public override double NextDouble() => 0;

        public override int Next(int maxValue) => 4;

        public override int Next(int minValue, int maxValue) => 19;
    }
}
