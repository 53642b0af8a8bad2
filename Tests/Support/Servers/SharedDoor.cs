using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>
/// A front door that the tests of a class share, before upstreams of which each test takes one of its own: what a test does to its
/// upstream, the breaker and the tokens of that upstream are no other test's.
/// </summary>
public sealed class SharedDoor : IAsyncLifetime
{
    private const int Upstreams = 32;

    private readonly ConcurrentBag<RecordingUpstream> _upstreams = [];
    private readonly Func<HttpContext, Task>[] _answers =
        [.. Enumerable.Repeat<Func<HttpContext, Task>>(_ => Task.CompletedTask, Upstreams)];
    private readonly RecordingUpstream[] _byNumber = new RecordingUpstream[Upstreams];
    private int _taken;

    internal FrontDoor Door { get; private set; } = null!;

    /// <summary>Takes an upstream that answers so.</summary>
    internal Place Take(Func<HttpContext, Task> answer)
    {
        var number = Interlocked.Increment(ref _taken) - 1;
        _answers[number] = answer;
        return new Place($"up-{number}/a/b", _byNumber[number]);
    }

    /// <summary>A repository before an upstream that answers so: of this door, or of one that caches and is leased.</summary>
    internal async Task<Pulled> Before(bool caches, string tagTtl, Func<HttpContext, Task> answer)
    {
        if (!caches)
        {
            return new Pulled(Door.Client("alice"), Take(answer).Repository, null, null);
        }

        var upstream = await RecordingUpstream.Start(answer);
        var door = await LeasedDoors.Take(DoorConfiguration.Single(
            upstream.Url, extra: $"cache: {{ path: cache, tagTtl: {tagTtl} }}", extraRoute: ", cache: true, ranges: wait"));
        return new Pulled(door.Client("alice"), "a/b", door, upstream);
    }

    public async ValueTask InitializeAsync()
    {
        await Task.WhenAll(Enumerable.Range(0, Upstreams).Select(async number =>
        {
            _byNumber[number] = await RecordingUpstream.Start(context => _answers[number](context));
            _upstreams.Add(_byNumber[number]);
        }));
        Door = await FrontDoor.Start($$"""
            upstreams:
            {{Lines(number => $"  up-{number}: {{ url: \"{_byNumber[number].Url}\", allowPrivate: true }}")}}
            authenticators:
              staff: { type: htpasswd, file: htpasswd }
            tenants:
              acme:
                hosts: ["*"]
                authenticators: [staff]
                routes:
            {{Lines(number => $"      - {{ prefix: up-{number}, upstream: up-{number} }}")}}
                access: [{ name: alice, who: ["user:alice"], repositories: ["**"], actions: [pull, push, delete] }]
            """);
    }

    public async ValueTask DisposeAsync()
    {
        await Door.DisposeAsync();
        foreach (var upstream in _upstreams)
        {
            await upstream.DisposeAsync();
        }
    }

    private static string Lines(Func<int, string> line) => string.Join('\n', Enumerable.Range(0, Upstreams).Select(line));

    /// <summary>An upstream, and a repository that leads to it.</summary>
    internal sealed record Place(string Repository, RecordingUpstream Upstream);

    /// <summary>A repository and who pulls from it, with the servers that are the test's own.</summary>
    internal sealed record Pulled(RegistryClient Alice, string Repository, LeasedDoor? Door, RecordingUpstream? Upstream) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            Alice.Dispose();
            await (Door?.DisposeAsync() ?? ValueTask.CompletedTask);
            await (Upstream?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
    }
}
