using System.Diagnostics;
using System.Text.RegularExpressions;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Wire;

[assembly: AssemblyFixture(typeof(RegistryProxy.Tests.Support.Servers.LeasedDoors))]

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>
/// Front doors that run on between tests: one test has a door for itself, under a configuration of its own that takes the place of the
/// one before. A start costs seconds of processor time, another configuration hundredths.
/// </summary>
public sealed partial class LeasedDoors : IAsyncLifetime
{
    /// <summary>Doors that nobody has.</summary>
    private const int MaxIdle = 4;

    /// <summary>In characters.</summary>
    private const int MaxLog = 1_000_000;

    /// <summary>One that does nothing takes two hundredths of a core: after that time a start would have cost no more.</summary>
    private static readonly TimeSpan MaxIdleTime = TimeSpan.FromMinutes(2);

    /// <summary>The one that was given back last comes last.</summary>
    private static readonly List<(string Kind, FrontDoor Door, long Since)> Idle = [];

    private static int _leases;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, door, _) in Idle)
        {
            await door.DisposeAsync();
        }

        Idle.Clear();
        WarmHost.EndIdle();
    }

    /// <summary>
    /// A door under a configuration with a tenant <c>acme</c>: this and its upstreams are called here as no other test's are, so that
    /// nothing of an earlier one is left under their names. A door that has another <c>cache</c>, or another section that takes effect
    /// at a start alone, is another door. What the door counts goes on from earlier tests; what a caching door has is of upstreams of
    /// earlier tests, which opens nothing.
    /// </summary>
    internal static async Task<LeasedDoor> Take(string yaml, bool encrypted = false)
    {
        var number = Interlocked.Increment(ref _leases);
        var names = string.Join('|', Upstreams().Matches(yaml).Select(upstream => upstream.Groups[1].Value).Append("acme"));
        var own = Regex.Replace(yaml, $@"\b({names})\b(?=[]:, }}])", name => $"{name.Value}-{number}");
        own = encrypted ? FrontDoor.Encrypted(own) : own;
        var kind = string.Concat(AtStart().Matches(own).Select(section => section.Value.Trim() + "\n"));
        if (TakeIdle(kind) is not { } door)
        {
            return new LeasedDoor(await (encrypted ? FrontDoor.StartEncrypted(own) : FrontDoor.Start(own)), kind, number, 0);
        }

        var (uses, logged) = (Uses().Count(door.Log), door.Log.Length);
        door.WriteConfig(own);
        await Eventually.True(() => Uses().Count(door.Log) > uses, "the door has its configuration");
        return new LeasedDoor(door, kind, number, logged);
    }

    /// <summary>For the next test; one that has logged much is ended, and so are those that nobody has wanted for long.</summary>
    internal static async ValueTask GiveBack(string kind, FrontDoor door)
    {
        List<FrontDoor> ended = [];
        lock (Idle)
        {
            if (door.Log.Length < MaxLog)
            {
                Idle.Add((kind, door, Stopwatch.GetTimestamp()));
            }
            else
            {
                ended.Add(door);
            }

            while (Idle.Count > MaxIdle || (Idle.Count > 0 && Stopwatch.GetElapsedTime(Idle[0].Since) > MaxIdleTime))
            {
                ended.Add(Idle[0].Door);
                Idle.RemoveAt(0);
            }
        }

        foreach (var one in ended)
        {
            await one.DisposeAsync();
        }
    }

    private static FrontDoor? TakeIdle(string kind)
    {
        lock (Idle)
        {
            var at = Idle.FindLastIndex(idle => idle.Kind == kind);
            if (at < 0)
            {
                return null;
            }

            var door = Idle[at].Door;
            Idle.RemoveAt(at);
            return door;
        }
    }

    [GeneratedRegex(@"^  ([\w-]+): \{ url:", RegexOptions.Multiline)]
    private static partial Regex Upstreams();

    /// <summary>Sections a change of which needs a restart.</summary>
    [GeneratedRegex(@"^(listen|cluster|state|cache):.*(\n[ \t].*)*", RegexOptions.Multiline)]
    private static partial Regex AtStart();

    [GeneratedRegex("Configuration [0-9a-f]+ is in use")]
    private static partial Regex Uses();
}

/// <summary>A door of <see cref="LeasedDoors"/>, until it is disposed.</summary>
/// <param name="kind">What of its configuration it started with for good.</param>
/// <param name="number">Of its lease.</param>
/// <param name="logged">How much it had logged before, in characters.</param>
internal sealed class LeasedDoor(FrontDoor door, string kind, int number, int logged) : IAsyncDisposable
{
    public string DataUrl => door.DataUrl;

    public string AdminUrl => door.AdminUrl;

    /// <summary>Host and port, as an image name begins with it.</summary>
    public string Authority => door.Authority;

    /// <summary>Of the lease, from one; no other test of the run has it.</summary>
    public int Number => number;

    /// <summary>What the configuration calls <c>acme</c>.</summary>
    public string Tenant => $"acme-{number}";

    /// <summary>What the configuration calls <c>local</c>.</summary>
    public string Upstream => $"local-{number}";

    /// <summary>What it wrote since the test has it.</summary>
    public string Log => door.Log[logged..];

    /// <summary>The sum of a counter over the lines that hold the labels, with what earlier tests made of it.</summary>
    public Task<double> Metric(string name, string labels = "") => door.Metric(name, labels);

    public RegistryClient Client(string? user = null) => door.Client(user);

    public Task<string> Admin(string path) => door.Admin(path);

    public ValueTask DisposeAsync() => LeasedDoors.GiveBack(kind, door);
}
