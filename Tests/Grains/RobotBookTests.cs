using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Managed;
using RegistryProxy.Grains.Robots;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.State;

namespace RegistryProxy.Tests.Grains;

/// <summary>A change of a robot that failed, or whose answer was lost, may be made again.</summary>
public sealed class RobotBookTests
{
    private readonly VirtualThread _thread = new();
    private readonly List<string> _told = [];
    private readonly FaultyStorage _storage;
    private readonly RobotBook _book;
    private ManagedOwner? _owner = new(["a.example"], ["group:corp/a"]);
    private bool _isDeaf;

    public RobotBookTests()
    {
        _storage = new FaultyStorage(_thread.Time, new Random(0));
        _book = new RobotBook(
            new Stored<RobotsState>(_storage, "robots", GrainId.Create("robots", "acme"), _thread.Time), Tell, () => _owner, _thread.Time);
    }

    [Fact]
    public void A_rotation_that_is_made_again_leaves_the_secret_that_is_used()
    {
        var used = Create();
        Use(used);
        var lost = Run(() => _book.Rotate("ci", null)).Secret!;
        var second = Run(() => _book.Rotate("ci", null)).Secret!;
        Assert.Equal([second, used], Live(used, lost, second));
        Use(second);
        var third = Run(() => _book.Rotate("ci", null)).Secret!;
        Assert.Equal([third, second], Live(used, lost, second, third));
    }

    [Fact]
    public void Where_no_secret_was_used_the_newest_stays()
    {
        var first = Create();
        var second = Run(() => _book.Rotate("ci", null)).Secret!;
        var third = Run(() => _book.Rotate("ci", null)).Secret!;
        Assert.Equal([third, second], Live(first, second, third));
    }

    [Fact]
    public void A_new_secret_is_shown_though_nobody_can_be_told()
    {
        Create();
        _isDeaf = true;
        Assert.NotNull(Run(() => _book.Rotate("ci", null)).Secret);
    }

    [Fact]
    public void The_end_of_a_secret_is_told_whatever_became_of_an_attempt_before()
    {
        Create();
        Run(() => _book.Rotate("ci", null));
        var id = Run(async () => await _book.List())[0].Secrets[1].Id;
        _isDeaf = true;
        Assert.Throws<IOException>(() => Run(() => _book.EndSecret("ci", id)));
        _isDeaf = false;
        _told.Clear();
        Assert.Equal(RobotOutcome.Unknown, Run(() => _book.EndSecret("ci", id)).Outcome);
        Assert.Equal(["ci"], _told);

        id = Run(() => _book.Rotate("ci", null)).Robot!.Secrets[1].Id;
        _told.Clear();
        _storage.IsDown = true;
        Assert.ThrowsAny<StateUnavailableException>(() => Run(() => _book.EndSecret("ci", id)));
        Assert.Equal(["ci"], _told);
    }

    [Fact]
    public void Who_gets_the_name_of_a_tenant_gets_none_of_its_robots()
    {
        var former = Create();
        _owner = null;
        Assert.Equal([former], Live(former));
        _owner = new ManagedOwner(["b.example"], ["group:corp/b"]);
        Assert.Null(Run(async () => await _book.Find("ci")));
        Assert.Empty(Run(async () => await _book.List()));
        Assert.Equal(RobotOutcome.Unknown, Run(() => _book.Rotate("ci", null)).Outcome);
        Assert.Equal(RobotOutcome.Unknown, Run(async () => await _book.Remove("ci")).Outcome);

        // It was a mistake.
        _owner = new ManagedOwner(["a.example", "b.example"], []);
        Assert.Equal([former], Live(former));

        // A robot of the next one ends those of the former one for good.
        _owner = new ManagedOwner(["b.example"], []);
        var next = Create();
        Assert.False(Known().Secrets.Single().Is(former));
        _owner = new ManagedOwner(["a.example"], ["group:corp/a"]);
        Assert.Null(Run(async () => await _book.Find("ci")));
        _owner = new ManagedOwner(["b.example"], []);
        Assert.Equal([next], Live(next));
    }

    [Fact]
    public void A_tenant_may_change_all_that_it_is_known_by_one_after_the_other()
    {
        var secret = Create();
        foreach (var (host, administrator) in new[]
        {
            ("*", "group:corp/a"), ("a.example", "group:corp/b"), ("b.example", "group:corp/b"), ("b.example", "x"),
        })
        {
            _owner = new ManagedOwner([host], [administrator]);
            Run(async () =>
            {
                await _book.KeepOwner();
                return true;
            });
        }

        Assert.Equal([secret], Live(secret));
    }

    private Secret Create()
    {
        var order = new RobotOrder(
            "ci", [RepositoryPattern.Parse("apps/**")], RepositoryActions.Pull, _thread.Time.GetUtcNow().AddDays(90), "operator");
        return Run(() => _book.Create(order)).Secret!;
    }

    private void Use(Secret secret)
    {
        _book.Use(Known().Secrets.Single(known => known.Is(secret)), "10.0.0.1");
        _thread.Pass(TimeSpan.FromSeconds(1));
    }

    /// <summary>Those that are good, the newest first.</summary>
    private List<Secret> Live(params Secret[] secrets) =>
        Known().Secrets.Select(known => secrets.Single(known.Is)).ToList();

    private StoredRobot Known() => Run(async () => await _book.Find("ci"))!;

    private Task Tell(string name)
    {
        if (_isDeaf)
        {
            return Task.FromException(new IOException("away"));
        }

        _told.Add(name);
        return Task.CompletedTask;
    }

    private T Run<T>(Func<Task<T>> work)
    {
        var task = _thread.Begin(work);
        _thread.Finish(task);
        return task.GetAwaiter().GetResult();
    }
}
