using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Managed;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Gateway.Cache;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Grains;

/// <summary>A record of one tenant that cannot be read holds up no other tenant, and no silo that starts.</summary>
public sealed class ManagedReaderTests : IDisposable
{
    private static readonly PartOwner Owner = new(["a.example"], ["user:staff/alice"]);

    private readonly FakeTimeProvider _time = new();
    private readonly ConcurrentExclusiveSchedulerPair _grain = new();
    private readonly ManagedParts _managed = new();
    private readonly ManagedReader _reader;
    private readonly TaskCompletionSource<ManagedRecord> _silent = new();
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _owned = [];
    private readonly HashSet<string> _asked = [];
    private Func<string, Task<ManagedRecord>> _read = _ => Task.FromResult(new ManagedRecord(null, null));

    public ManagedReaderTests() => _reader = new ManagedReader(Grains(), _managed, _time);

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public async Task What_the_state_refuses_is_told_of_its_tenant_and_tried_again_a_minute_later(int broken)
    {
        _read = tenant => NumberOf(tenant) < broken
            ? Task.FromException<ManagedRecord>(new StateRefusedException("it was changed"))
            : Task.FromResult(Record("good"));
        Assert.Equal(0, await Read(broken + 20));
        Assert.Equal(broken, Tenants(broken + 20).Select(Of).Count(
            part => part is { Text: null, Problem: "the part in the state cannot be read: it was changed" }));
        Assert.Equal(20, Tenants(broken + 20).Select(Of).Count(part => part is { Text: not null, Problem: "" }));
        _asked.Clear();
        Assert.Equal(0, await Read(broken + 20));
        Assert.Empty(_asked);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, await Read(broken + 20));
        Assert.True(_asked.SetEquals(Tenants(broken)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public async Task What_is_not_answered_for_is_waited_for_beside_all_others_and_their_next_turns(int silent)
    {
        _read = tenant => NumberOf(tenant) < silent ? _silent.Task : Task.FromResult(Record("good"));
        Assert.Equal(silent, await Moving(Read(silent + 300)));
        Assert.All(Tenants(silent + 300).Skip(silent), tenant => Assert.NotNull(Of(tenant).Text));
        Assert.False(_managed.TryGet("t0", out _));

        // A change of another tenant, and of one that is waited for.
        var other = $"t{silent + 1}";
        await OfGrain(() =>
        {
            _reader.Forget(["t0", other]);
            return true;
        });
        _read = tenant => NumberOf(tenant) < silent ? _silent.Task : Task.FromResult(Record("changed"));
        Assert.Equal(silent, await Read(silent + 300));
        Assert.Equal("# changed", Of(other).Text!.Reveal());
        _silent.SetResult(Record("late"));
        _read = _ => Task.FromResult(Record("new"));
        await Eventually.True(
            async () => await Read(silent + 300) == 0 && Of("t0").Text!.Reveal() == "# new", "what was outdated is read again");
        Assert.Equal(silent - 1, Tenants(silent).Count(tenant => Of(tenant).Text!.Reveal() == "# late"));
    }

    [Fact]
    public async Task What_failed_is_asked_for_again()
    {
        _read = _ => Task.FromException<ManagedRecord>(new StateUnavailableException("no answer"));
        Assert.Equal(3, await Read(3));
        _read = _ => Task.FromResult(Record("good"));
        Assert.Equal(0, await Read(3));
        Assert.All(Tenants(3), tenant => Assert.NotNull(Of(tenant).Text));
    }

    [Fact]
    public async Task Whose_a_part_is_is_noted_as_it_changes_and_not_when_it_is_somebody_elses()
    {
        var former = Owner with { Hosts = ["a.example", "old.example"] };
        var other = new PartOwner(["x.example"], ["user:staff/eve"]);
        _read = tenant => Task.FromResult(NumberOf(tenant) switch
        {
            0 => Record("unknown") with { Owner = null },
            1 => Record("same"),
            2 => Record("former") with { Owner = ManagedOwner.Of(former) },
            3 => Record("other") with { Owner = ManagedOwner.Of(other) },
            _ => new ManagedRecord(null, null),
        });
        Assert.Equal(0, await Read(5));
        Assert.Equal(["t0", "t2"], _owned.Order());
        Assert.Equal([Owner, Owner, Owner, other, null], Tenants(5).Select(tenant => Of(tenant).Owner));
        _asked.Clear();
        Assert.Equal(0, await Read(new Dictionary<string, PartOwner> { ["t0"] = Owner, ["t1"] = former }));
        Assert.Equal("t1", Assert.Single(_asked));
    }

    [Theory]
    [InlineData(false, 10)]
    [InlineData(true, 2)]
    public async Task A_silo_that_starts_waits_so_long_for_parts_that_are_not_answered_for(bool areOthersThere, int seconds)
    {
        var never = new TaskCompletionSource<int>();
        var grains = ScriptedGrains.Proxy.Of<IGrainFactory>((_, _, _) => ScriptedGrains.Proxy.Of<IManagedSyncGrain>(
            (_, _, _) => areOthersThere ? new ValueTask<int>(1) : new ValueTask<int>(never.Task)));
        var silo = ScriptedGrains.Proxy.Of<ISiloStatusOracle>((_, _, _) => SiloStatus.Active);
        using var watcher = Watch();
        using var follower = new ManagedFollower(
            grains, watcher, new LocalFiles(watcher), silo, _time, NullLogger<ManagedFollower>.Instance);
        await follower.StartAsync(CancellationToken.None);
        var waited = 0.0;
        await Eventually.True(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(0.05));
            waited += watcher.Managed.Settled.IsCompleted ? 0 : 0.05;
            return watcher.Managed.Settled.IsCompleted;
        }, "nobody waits any more");
        Assert.True(waited >= seconds - 0.1, $"{waited}");
        never.SetException(new TimeoutException());
        await follower.StopAsync(CancellationToken.None);
    }

    public void Dispose() => _folder.Dispose();

    private static int NumberOf(string tenant) => int.Parse(tenant[1..], System.Globalization.CultureInfo.InvariantCulture);

    private static List<string> Tenants(int count) => [.. Enumerable.Range(0, count).Select(number => $"t{number}")];

    private static ManagedRecord Record(string text) =>
        new(new ManagedVersion(1, new Secret($"# {text}"), DateTimeOffset.UnixEpoch, "operator", ""), ManagedOwner.Of(Owner));

    private ManagedText Of(string tenant) => _managed.TryGet(tenant, out var part) ? part : throw new KeyNotFoundException(tenant);

    private ConfigurationWatcher Watch()
    {
        _folder.Write("htpasswd", "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n");
        var files = new ConfigurationFiles(_folder.Write("config.yaml", """
            upstreams: { hub: { url: "https://hub.example" } }
            authenticators: { corp: { type: htpasswd, file: htpasswd } }
            tenants:
              acme: { hosts: [a.example], mayUse: { upstreams: [hub], authenticators: [corp] }, managed: true }
              other: { hosts: [o.example], mayUse: { upstreams: [hub], authenticators: [corp] }, managed: true }
            """));
        return new ConfigurationWatcher(files, files.Read(), _time);
    }

    private Task<int> Read(int count) => Read(Tenants(count).ToDictionary(tenant => tenant, _ => Owner));

    /// <summary>A turn as a grain has it: everything of it, and what goes on after it, is for one thread at a time.</summary>
    private Task<int> Read(IReadOnlyDictionary<string, PartOwner> tenants) => OfGrain(() => _reader.Read(tenants)).Unwrap();

    private Task<T> OfGrain<T>(Func<T> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.None, _grain.ExclusiveScheduler);

    /// <summary>Time goes by until it ends.</summary>
    private async Task<int> Moving(Task<int> read)
    {
        await Eventually.True(() =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(250));
            return read.IsCompleted;
        }, "the turn ends");
        return await read;
    }

    private IGrainFactory Grains() =>
        ScriptedGrains.Proxy.Of<IGrainFactory>((_, _, key) => ScriptedGrains.Proxy.Of<IManagedPartGrain>((method, _, _) =>
        {
            var tenant = (string)key[0]!;
            if (method == nameof(IManagedPartGrain.Own))
            {
                _owned.Add(tenant);
                return ValueTask.CompletedTask;
            }

            _asked.Add(tenant);
            return new ValueTask<ManagedRecord>(_read(tenant));
        }));
}
