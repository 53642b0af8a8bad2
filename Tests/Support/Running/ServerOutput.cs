using System.Collections.Concurrent;

namespace RegistryProxy.Tests.Support.Running;

/// <summary>What the servers of a test said last, for one that fails: kept until the test has ended.</summary>
internal static class ServerOutput
{
    /// <summary>How many lines of each server are told.</summary>
    public const int MaxLines = 12;

    /// <summary>Of a line.</summary>
    public const int MaxCharacters = 240;

    private static readonly ConcurrentDictionary<string, ConcurrentQueue<(string Name, Func<IEnumerable<string>> Lines)>> Servers = new();

    /// <summary>The test that runs here started a server.</summary>
    public static void Started(string name, Func<IEnumerable<string>> lines)
    {
        if (TestContext.Current.Test?.UniqueID is { } test)
        {
            Servers.GetOrAdd(test, static _ => new()).Enqueue((name, lines));
        }
    }

    /// <summary>The last lines of each server of a test, each below the name of its server.</summary>
    public static IReadOnlyList<string> Of(string? test) => test is null || !Servers.TryGetValue(test, out var servers) ? [] :
    [
        .. servers.SelectMany(server => server.Lines().TakeLast(MaxLines).Select(line => $"{server.Name}: {Short(line)}")),
    ];

    /// <summary>The test has ended.</summary>
    public static void Forget(string? test) => Servers.TryRemove(test ?? "", out _);

    private static string Short(string line) => line.Length <= MaxCharacters ? line : line[..MaxCharacters];
}
