using System.Net;
using System.Net.Sockets;
using RegistryProxy.Egress;

namespace RegistryProxy.Tests.Egress;

/// <summary>Names whose servers never answer cost nobody else a thread.</summary>
public sealed class ResolverThreadsTests
{
    [Fact]
    public async Task Two_hundred_names_of_one_domain_hold_their_share_and_others_are_looked_up_at_once()
    {
        using var answer = new ManualResetEventSlim();
        var running = 0;
        var resolver = new ResolverThreads(
            (host, _) =>
            {
                if (host.EndsWith(".evil.example", StringComparison.Ordinal))
                {
                    Interlocked.Increment(ref running);
                    answer.Wait();
                }

                return host.Length > 255 ? throw new ArgumentOutOfRangeException(nameof(host)) : [IPAddress.Loopback];
            },
            TimeProvider.System);
        var hanging = Enumerable.Range(0, 200)
            .Select(number => resolver.Resolve($"r{number}.slow.evil.example", AddressFamily.InterNetwork)).ToList();
        Assert.Equal([IPAddress.Loopback], await resolver.Resolve("registry.good.example", AddressFamily.InterNetwork));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => resolver.Resolve(new string('a', 300), AddressFamily.InterNetwork));

        // Who finds no thread is told so before long, and is no more than a wait.
        var refused = await Task.WhenAll(
            hanging[ResolverThreads.MaxOfDomain..].Select(lookup => Assert.ThrowsAsync<SocketException>(() => lookup)));
        Assert.All(refused, fault => Assert.Equal(SocketError.TryAgain, fault.SocketErrorCode));
        Assert.Equal(ResolverThreads.MaxOfDomain, running);
        answer.Set();
        await Task.WhenAll(hanging[..ResolverThreads.MaxOfDomain]);
        Assert.Equal([IPAddress.Loopback], await resolver.Resolve("r.evil.example", AddressFamily.InterNetwork));
    }
}
