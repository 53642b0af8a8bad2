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
public sealed class ManagedTurnTests : IDisposable
{
    private static readonly PartOwner Owner = new(["a.example"], ["user:staff/alice"]);

    private readonly FakeTimeProvider _time = new();
    private readonly ManagedParts _managed = new();
    private readonly ManagedReadings _readings;
    private readonly TaskCompletionSource<ManagedRecord> _silent = new();
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _owned = [];
    private readonly HashSet<string> _asked = [];
    private Func<string, ValueTask<ManagedRecord>> _read = _ => new(new ManagedRecord(null, null));

    public ManagedTurnTests() => _readings = new ManagedReadings(_time);

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public async Task What_the_state_refuses_is_told_of_its_tenant_and_tried_again_a_minute_later(int broken)
    {
        _read = tenant => NumberOf(tenant) < broken
            ? ValueTask.FromException<ManagedRecord>(new StateRefusedException("it was changed"))
            : new(Record("good"));
        Assert.Equal(0, await Turn(Tenants(broken + 20)));
        Assert.Equal(broken, _asked.Select(Of).Count(
            part => part is { Text: null, Problem: "the part in the state cannot be read: it was changed" }));
        Assert.Equal(20, _asked.Select(Of).Count(part => part is { Text: not null, Problem: "" }));
        Assert.All(Tenants(broken + 20), tenant => Assert.False(_readings.IsDue(tenant, Owner)));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(broken, Tenants(broken + 20).Count(tenant => _readings.IsDue(tenant, Owner)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public async Task What_is_not_answered_for_is_waited_for_beside_all_others_and_counted(int silent)
    {
        _read = tenant => NumberOf(tenant) < silent ? new(_silent.Task) : new(Record("good"));
        var turn = Turn(Tenants(silent + 300));
        for (var i = 0; i < 20 && Tenants(silent + 300).Skip(silent).Any(tenant => !_managed.TryGet(tenant, out _)); i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(250));
            await Task.Yield();
        }

        await Eventually.True(() =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(250));
            return Tenants(silent + 300).Skip(silent).All(tenant => _managed.TryGet(tenant, out var part) && part.Text is not null);
        }, "all others are in use");
        Assert.False(turn.IsCompleted);
        _silent.SetException(new TimeoutException());
        Assert.Equal(silent, await turn);
        Assert.Equal(silent, Tenants(silent + 300).Count(tenant => _readings.IsDue(tenant, Owner)));
    }

    [Fact]
    public async Task Whose_a_part_is_is_noted_as_it_changes_and_not_when_it_is_somebody_elses()
    {
        var former = Owner with { Hosts = ["a.example", "old.example"] };
        var other = new PartOwner(["x.example"], ["user:staff/eve"]);
        _read = tenant => new(NumberOf(tenant) switch
        {
            0 => Record("unknown") with { Owner = null },
            1 => Record("same"),
            2 => Record("former") with { Owner = ManagedOwner.Of(former) },
            3 => Record("other") with { Owner = ManagedOwner.Of(other) },
            _ => new ManagedRecord(null, null),
        });
        Assert.Equal(0, await Turn(Tenants(5)));
        Assert.Equal(["t0", "t2"], _owned.Order());
        Assert.Equal([Owner, Owner, Owner, other, null], Tenants(5).Select(tenant => Of(tenant).Owner));
        Assert.True(_readings.IsDue("t1", former));
    }

    [Fact]
    public async Task A_silo_waits_ten_seconds_for_parts_however_long_their_reading_takes()
    {
        _folder.Write("config.yaml", """
            upstreams: { hub: { url: "https://hub.example" } }
            authenticators: { corp: { type: htpasswd, file: htpasswd } }
            tenants: { acme: { hosts: [a.example], mayUse: { upstreams: [hub], authenticators: [corp] }, managed: true } }
            """);
        _folder.Write("htpasswd", "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n");
        var files = new ConfigurationFiles(_folder.File("config.yaml"));
        using var watcher = new ConfigurationWatcher(files, files.Read(), _time);
        var never = new TaskCompletionSource<int>();
        var grains = ScriptedGrains.Proxy.Of<IGrainFactory>((_, _, _) =>
            ScriptedGrains.Proxy.Of<IManagedSyncGrain>((_, _, _) => new ValueTask<int>(never.Task)));
        var silo = ScriptedGrains.Proxy.Of<ISiloStatusOracle>((_, _, _) => SiloStatus.Active);
        using var follower = new ManagedFollower(
            grains, watcher, new LocalFiles(watcher), silo, _time, NullLogger<ManagedFollower>.Instance);
        await follower.StartAsync(CancellationToken.None);
        _time.Advance(TimeSpan.FromSeconds(9));
        await Task.Yield();
        Assert.False(watcher.Managed.Settled.IsCompleted);
        await Eventually.True(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return watcher.Managed.Settled.IsCompleted;
        }, "nobody waits any more");
        never.SetException(new TimeoutException());
        await follower.StopAsync(CancellationToken.None);
    }

    public void Dispose() => _folder.Dispose();

    private static int NumberOf(string tenant) => int.Parse(tenant[1..], System.Globalization.CultureInfo.InvariantCulture);

    private static List<string> Tenants(int count) => [.. Enumerable.Range(0, count).Select(number => $"t{number}")];

    private static ManagedRecord Record(string text) =>
        new(new ManagedVersion(1, new Secret($"# {text}"), DateTimeOffset.UnixEpoch, "operator", ""), ManagedOwner.Of(Owner));

    private ManagedText Of(string tenant) => _managed.TryGet(tenant, out var part) ? part : throw new KeyNotFoundException(tenant);

    private Task<int> Turn(IEnumerable<string> tenants)
    {
        var grains = ScriptedGrains.Proxy.Of<IGrainFactory>((_, _, key) => ScriptedGrains.Proxy.Of<IManagedPartGrain>((method, _, _) =>
        {
            var tenant = (string)key[0]!;
            if (method == nameof(IManagedPartGrain.Own))
            {
                _owned.Add(tenant);
                return ValueTask.CompletedTask;
            }

            _asked.Add(tenant);
            return _read(tenant);
        }));
        return new ManagedTurn(grains, _managed, _readings, _time).Read([.. tenants.Select(tenant => KeyValuePair.Create(tenant, Owner))]);
    }
}
