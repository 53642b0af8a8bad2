using System.Net;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Access tokens that are nearly good.</summary>
[Collection(AloneCollection.Name)]
public sealed class ForgeryTests(Lab lab)
{
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ %";

    [Fact]
    public async Task No_changed_token_is_accepted_and_none_makes_a_fault()
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        await alice.PushImage("team-a/forgery", "v1", TestImage.Build(190, 10));
        var tokens = new[] { await alice.Token(RegistryClient.Pull("team-a/forgery")), await alice.Token(""),
            await alice.Token(RegistryClient.Push("team-a/other")) };
        var random = new Random(11);
        var faults = 0;
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Sizes.Of(5_000, 100_000)).Select(_ => Change(random, tokens))
                .ToList(), new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (token, _) =>
            {
                using var response = await alice.Send(
                    HttpMethod.Get, "/v2/team-a/forgery/manifests/v1", null, null, ("Authorization", $"Bearer {token}"));
                if (response.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.BadRequest))
                {
                    Interlocked.Increment(ref faults);
                }
            });
        Assert.Equal(0, faults);
        using var good = await alice.GetManifest("team-a/forgery", "v1");
        Assert.Equal(HttpStatusCode.OK, good.StatusCode);
    }

    private static string Change(Random random, string[] tokens)
    {
        while (true)
        {
            var token = tokens[random.Next(tokens.Length)];
            var other = tokens[random.Next(tokens.Length)];
            var (mine, theirs) = (token.Split('.'), other.Split('.'));
            var at = random.Next(token.Length);
            var changed = random.Next(9) switch
            {
                0 => token[..at] + Letters[random.Next(Letters.Length)] + token[(at + 1)..],
                1 => token[..at] + token[(at + 1)..],
                2 => token[..at] + Letters[random.Next(Letters.Length)] + token[at..],
                3 => token[..at],
                4 => $"{mine[0]}.{theirs[1]}.{mine[2]}",
                5 => $"{mine[0]}.{mine[1]}.{theirs[2]}",
                6 => $"{mine[0]}.{mine[1]}.",
                7 => token + Letters[random.Next(Letters.Length)],
                _ => $"{mine[0]}.{mine[1]}.{new string('A', mine[2].Length)}",
            };
            if (Array.TrueForAll(tokens, known => known != changed.Trim()))
            {
                return changed;
            }
        }
    }
}
