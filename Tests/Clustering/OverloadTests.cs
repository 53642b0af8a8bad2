using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Clustering;

/// <summary>A silo that has one processor, and nothing but passwords to check.</summary>
[Collection(AloneCollection.Name)]
public sealed class OverloadTests(Lab lab, ITestOutputHelper output)
{
    private const int Users = 40;
    private const int Cost = 11;

    [Fact]
    public async Task A_silo_whose_processor_is_full_still_answers_what_costs_nothing()
    {
        using var folder = new TemporaryFolder();
        await FrontDoor.WriteUsers(folder);
        var lines = Enumerable.Range(0, Users).AsParallel()
            .Select(number => $"user-{number}:{BCrypt.Net.BCrypt.HashPassword(FrontDoor.PasswordOf($"user-{number}"), Cost)}\n");
        await File.AppendAllTextAsync(folder.File("htpasswd"), string.Concat(lines));
        var config = folder.Write("config.yaml", DoorConfiguration.Single(
            (await lab.Registry).Url, extra: $"cluster: {{ siloPort: {FreePort.Next()}, gatewayPort: {FreePort.Next()} }}"));
        await using var silo = Start("taskset", ["-c", "0", "dotnet", FrontDoor.DllOf("Silo")], config);
        await using var gateway = Start("dotnet", [FrontDoor.DllOf("Gateway"), "--listen-data", "http://127.0.0.1:0"], config);
        var url = await gateway.Line(line => line.StartsWith("data listening on ", StringComparison.Ordinal) ? line[18..] : null);
        using var alice = new RegistryClient(url, "alice", FrontDoor.PasswordOf("alice"));
        await Eventually.True(async () => await Login(alice) == HttpStatusCode.OK, $"the door is open:\n{gateway.Output}");

        var logins = new ConcurrentBag<HttpStatusCode>();
        var flood = Parallel.ForEachAsync(
            Enumerable.Range(0, Users), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (number, _) =>
        {
            using var user = new RegistryClient(url, $"user-{number}", FrontDoor.PasswordOf($"user-{number}"));
            logins.Add(await Login(user));
        });
        var cheap = new List<HttpStatusCode>();
        while (!flood.IsCompleted)
        {
            cheap.Add(await Login(alice));
        }

        await flood;
        output.WriteLine($"{Describe(logins)} of {Users} logins at bcrypt cost {Cost}; meanwhile {Describe(cheap)} of a user who is known");
        Assert.All(cheap.Concat(logins), status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.True(cheap.Count > 50, "a known user does not wait behind the others");
    }

    [Fact]
    public async Task A_silo_that_is_asked_more_than_it_can_refuses_some_and_lets_nobody_hang()
    {
        using var folder = new TemporaryFolder();
        await FrontDoor.WriteUsers(folder);
        var config = folder.Write("config.yaml", DoorConfiguration.Single(
            (await lab.Registry).Url, extra: $"cluster: {{ siloPort: {FreePort.Next()}, gatewayPort: {FreePort.Next()} }}"));
        await using var silo = Start("taskset", ["-c", "0", "dotnet", FrontDoor.DllOf("Silo")], config);
        await using var gateway = Start(
            "taskset", ["-c", "1", "dotnet", FrontDoor.DllOf("Gateway"), "--listen-data", "http://127.0.0.1:0"], config);
        var url = await gateway.Line(line => line.StartsWith("data listening on ", StringComparison.Ordinal) ? line[18..] : null);
        var admin = await silo.Line(line => line.StartsWith("admin listening on ", StringComparison.Ordinal) ? line[19..] : null);
        using var http = new HttpClient();
        using var alice = new RegistryClient(url, "alice", FrontDoor.PasswordOf("alice"));
        await Eventually.True(async () => await Login(alice) == HttpStatusCode.OK, $"the door is open:\n{gateway.Output}");

        var (answers, slowest, watch) = (new ConcurrentBag<HttpStatusCode>(), 0L, Stopwatch.StartNew());
        using var enough = new CancellationTokenSource();
        var flood = Task.WhenAll(Enumerable.Range(0, 64).Select(async _ =>
        {
            while (!enough.IsCancellationRequested)
            {
                var began = watch.ElapsedMilliseconds;
                answers.Add(await Login(alice, "&offline_token=true"));
                slowest = Math.Max(slowest, watch.ElapsedMilliseconds - began);
            }
        }));
        await Eventually.True(
            async () => Sizes.Full ? await Shed() > 0 : answers.Count > 500,
            "Orleans refuses calls, which takes it up to a minute, or in the short run many have logged in", TimeSpan.FromSeconds(90));
        await enough.CancelAsync();
        await flood;
        output.WriteLine(
            $"{await Shed()} calls were refused after {watch.Elapsed.TotalSeconds:F0} s; logins: {Describe(answers)}, the " +
            $"slowest {slowest} ms");
        Assert.All(answers, status => Assert.True(status is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable, $"{status}"));
        Assert.True(answers.Count(status => status == HttpStatusCode.OK) > answers.Count / 2);
        Assert.True(slowest < 12_000, $"{slowest} ms");
        await Eventually.True(async () => await Login(alice) == HttpStatusCode.OK, "it is well again");

        async Task<double> Shed() => PrometheusText.Sum(await http.GetStringAsync($"{admin}/metrics"), "orleans_gateway_load_shedding", "");
    }

    private static async Task<HttpStatusCode> Login(RegistryClient client, string extra = "")
    {
        using var response = await client.RequestToken([], extra);
        return response.StatusCode;
    }

    private static ChildProcess Start(string program, string[] arguments, string config) =>
        ChildProcess.Start(program, [.. arguments, "--config", config, "--listen-admin", "http://127.0.0.1:0"]);

    private static string Describe(IEnumerable<HttpStatusCode> answers) =>
        string.Join(" and ", answers.GroupBy(status => status).Select(group => $"{group.Count()} × {(int)group.Key}"));
}
