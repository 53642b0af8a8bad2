using System.Net;
using System.Text.Json;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Running;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Signing keys turn under load: nobody is refused for it, with a token of the old key or of the new one.</summary>
[Waits(160)]
public sealed class RotationTests(Lab lab)
{
    private const int Callers = 4;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);

    private int _rounds;

    /// <summary>The shortest rotation that may be configured is two lives of the shortest token, two minutes.</summary>
    private static int Rotations => Sizes.Of(1, 3);

    [Fact]
    public async Task No_request_is_refused_when_keys_turn()
    {
        await using var door = await FrontDoor.Start(
            DoorConfiguration.Single((await lab.Registry).Url, extra: "tokens: { accessLifetime: 60s, keyRotation: 2m }"));
        using var alice = door.Client("alice");
        await alice.PushImage("rotation/app", "v1", TestImage.Build(175, 1000));
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2.5 * (Rotations + 1)));
        using var done = CancellationTokenSource.CreateLinkedTokenSource(limit.Token);
        var callers = Enumerable.Range(0, Callers).Select(_ => Call(door, done.Token)).ToList();

        var seen = new HashSet<string>();
        while (seen.Count < Rotations + 2)
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.WhenAll(callers.Where(caller => caller.IsFaulted));
            seen.UnionWith(await KeyIds(alice));
            await Task.Delay(Pace, CancellationToken.None);
        }

        // And some requests with the new one.
        var before = Volatile.Read(ref _rounds);
        await Eventually.True(() => Volatile.Read(ref _rounds) > before + (20 * Callers), "everybody goes on");
        await done.CancelAsync();
        var requests = (await Task.WhenAll(callers)).Sum();
        Assert.True(requests > 100 * Callers, $"{requests} requests");
    }

    /// <summary>Pulls with each token until shortly before its end, and asks for new ones all the time.</summary>
    private async Task<int> Call(FrontDoor door, CancellationToken done)
    {
        var tokens = new Queue<(string Token, DateTime Until)>();
        using var client = door.Client("alice");
        for (var requests = 0; ; requests++)
        {
            using var reply = await client.RequestToken([RegistryClient.Pull("rotation/app")]);
            await reply.ShouldBe(HttpStatusCode.OK);
            tokens.Enqueue(((await RegistryClient.ReadToken(reply)).Token!, DateTime.UtcNow.AddSeconds(55)));
            while (tokens.Peek().Until < DateTime.UtcNow)
            {
                tokens.Dequeue();
            }

            foreach (var token in new[] { tokens.Peek().Token, tokens.Last().Token })
            {
                using var pulled = await client.Send(
                    HttpMethod.Get, "/v2/rotation/app/manifests/v1", token, null, ("Accept", TestImage.OciManifest));
                await pulled.ShouldBe(HttpStatusCode.OK);
            }

            Interlocked.Increment(ref _rounds);
            if (done.IsCancellationRequested)
            {
                return requests;
            }

            await Task.Delay(Pace, CancellationToken.None);
        }
    }

    private static async Task<IEnumerable<string>> KeyIds(RegistryClient client)
    {
        using var keys = JsonDocument.Parse(await client.Http.GetStringAsync("/.well-known/jwks.json"));
        return [.. keys.RootElement.GetProperty("keys").EnumerateArray().Select(key => key.GetProperty("kid").GetString()!)];
    }
}
