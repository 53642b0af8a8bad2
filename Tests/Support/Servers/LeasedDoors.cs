using System.Collections.Concurrent;
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
    /// <summary>Doors that nobody has. One that does nothing takes two hundredths of a core all the same.</summary>
    private const int MaxIdle = 2;

    /// <summary>In characters.</summary>
    private const int MaxLog = 1_000_000;

    private static readonly ConcurrentBag<FrontDoor> Idle = [];

    private static int _leases;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        while (Idle.TryTake(out var door))
        {
            await door.DisposeAsync();
        }
    }

    /// <summary>
    /// A door under a configuration with a tenant <c>acme</c>: this and its upstreams are called here as no other test's are, so that
    /// nothing of an earlier one is left under their names. What the configuration may say is what takes effect while a door runs; what
    /// the door counts goes on from earlier tests.
    /// </summary>
    internal static async Task<LeasedDoor> Take(string yaml)
    {
        var number = Interlocked.Increment(ref _leases);
        var names = string.Join('|', Upstreams().Matches(yaml).Select(upstream => upstream.Groups[1].Value).Append("acme"));
        var own = Regex.Replace(yaml, $@"\b({names})\b(?=[]:, }}])", name => $"{name.Value}-{number}");
        if (!Idle.TryTake(out var door))
        {
            return new LeasedDoor(await FrontDoor.Start(own), number, 0);
        }

        var (uses, logged) = (Uses().Count(door.Log), door.Log.Length);
        door.WriteConfig(own);
        await Eventually.True(() => Uses().Count(door.Log) > uses, "the door has its configuration");
        return new LeasedDoor(door, number, logged);
    }

    /// <summary>For the next test; one that has logged much is ended, and so is one too many.</summary>
    internal static async ValueTask GiveBack(FrontDoor door)
    {
        if (Idle.Count < MaxIdle && door.Log.Length < MaxLog)
        {
            Idle.Add(door);
        }
        else
        {
            await door.DisposeAsync();
        }
    }

    [GeneratedRegex(@"^  ([\w-]+): \{ url:", RegexOptions.Multiline)]
    private static partial Regex Upstreams();

    [GeneratedRegex("Configuration [0-9a-f]+ is in use")]
    private static partial Regex Uses();
}

/// <summary>A door of <see cref="LeasedDoors"/>, until it is disposed.</summary>
/// <param name="number">Of its lease.</param>
/// <param name="logged">How much it had logged before, in characters.</param>
internal sealed class LeasedDoor(FrontDoor door, int number, int logged) : IAsyncDisposable
{
    public string DataUrl => door.DataUrl;

    /// <summary>What the configuration calls <c>acme</c>.</summary>
    public string Tenant => $"acme-{number}";

    /// <summary>What it wrote since the test has it.</summary>
    public string Log => door.Log[logged..];

    public RegistryClient Client(string? user = null) => door.Client(user);

    public Task<string> Admin(string path) => door.Admin(path);

    public ValueTask DisposeAsync() => LeasedDoors.GiveBack(door);
}
