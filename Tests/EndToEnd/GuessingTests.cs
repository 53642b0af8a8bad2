using System.Diagnostics;
using System.Net;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Guessing of passwords is slow for who guesses and for nobody else.</summary>
[Collection(AloneCollection.Name)]
public sealed class GuessingTests(Lab lab)
{
    private static int Seconds => Sizes.Of(10, 60);

    [Fact]
    public async Task Ten_thousand_guesses_a_minute_leave_other_logins_fast_and_lock_nobody_out()
    {
        await using var door = await FrontDoor.Start(DoorConfiguration.Single((await lab.Registry).Url));
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(Seconds));
        using var guesser = new RegistryClient(door.DataUrl, "alice", "wrong");
        var answers = new Dictionary<HttpStatusCode, int>();
        var guessing = Guess(guesser, answers, stop.Token);
        await Support.Processes.Eventually.True(() => answers.GetValueOrDefault(HttpStatusCode.TooManyRequests) > 0, "guesses are refused");

        List<double> times = [];
        foreach (var user in new[] { "alice", "bob", "carol" })
        {
            using var other = door.Client(user);
            using var first = await other.RequestToken([]);
            Assert.True(user == "alice" || first.StatusCode == HttpStatusCode.OK, $"{user}: {first.StatusCode}");
        }

        using var bob = door.Client("bob");
        while (!stop.IsCancellationRequested)
        {
            var watch = Stopwatch.StartNew();
            using var login = await bob.RequestToken([]);
            Assert.Equal(HttpStatusCode.OK, login.StatusCode);
            times.Add(watch.Elapsed.TotalMilliseconds);
            await Task.Delay(20);
        }

        await guessing;
        var p99 = times.Order().ElementAt((int)(times.Count * 0.99));
        TestContext.Current.SendDiagnosticMessage(
            $"{answers.Values.Sum()} guesses in {Seconds} s ({string.Join(", ", answers)}); {times.Count} logins, p99 {p99:0} ms");
        Assert.Equal([HttpStatusCode.Unauthorized, HttpStatusCode.TooManyRequests], answers.Keys.Order());
        Assert.InRange(answers[HttpStatusCode.Unauthorized], 1, 30 + (Seconds / 6) + 10);
        Assert.InRange(answers.Values.Sum(), Seconds * 100, int.MaxValue);
        Assert.True(p99 < 500, $"p99 {p99} ms");
        using var alice = door.Client("alice");
        await Support.Processes.Eventually.True(
            async () => (await alice.RequestToken([])).StatusCode == HttpStatusCode.OK, "the account that was guessed at is open again");
    }

    private static async Task Guess(RegistryClient guesser, Dictionary<HttpStatusCode, int> answers, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var batch = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => guesser.RequestToken([])));
            foreach (var response in batch)
            {
                answers[response.StatusCode] = answers.GetValueOrDefault(response.StatusCode) + 1;
                Assert.True(response.StatusCode != HttpStatusCode.TooManyRequests || response.Headers.RetryAfter is not null);
                response.Dispose();
            }

            await Task.Delay(50, CancellationToken.None);
        }
    }
}
