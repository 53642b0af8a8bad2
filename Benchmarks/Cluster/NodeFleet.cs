using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using RegistryProxy.Protocol;

namespace RegistryProxy.Benchmarks.Cluster;

/// <summary>Nodes that come all at once: each proves a subject of its own and gets the session of an agent.</summary>
internal static class NodeFleet
{
    private const int MaxTries = 5;

    /// <summary>Logs nodes in; their proofs are signed before.</summary>
    public static async Task<LoadResult> LogIn(MeasuredCluster cluster, string name, int nodes)
    {
        string[] proofs = [.. Enumerable.Range(0, nodes).AsParallel().Select(node => cluster.Issuer.Sign($"{name}-{node}"))];
        return await Each(nodes,
            async (http, node) => await Token(http, cluster.Gateways[node % cluster.Gateways.Count], proofs[node], "app/0"));
    }

    /// <summary>Pulls a manifest of as many repositories, each of which needs an upstream token of its own.</summary>
    public static async Task Pull(MeasuredCluster cluster, string prefix, int repositories)
    {
        var proof = cluster.Issuer.Sign("puller");
        await Each(repositories, async (http, i) =>
        {
            var (gateway, repository) = (cluster.Gateways[i % cluster.Gateways.Count], $"{prefix}/{i}");
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{gateway}/v2/{repository}/manifests/v1");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await Token(http, gateway, proof, repository));
            using var response = await http.SendAsync(request);
            response.EnsureSuccessStatusCode();
        });
    }

    /// <summary>An access token for pulling one repository; who is told to come later does so, as agents do.</summary>
    public static async Task<string> Token(HttpClient http, string gateway, string proof, string repository)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await LogInOnce(http, gateway, proof, repository);
            }
            catch (TryLaterException) when (tries < MaxTries)
            {
                await Task.Delay(TimeSpan.FromSeconds(1));
            }
        }
    }

    private static async Task<string> LogInOnce(HttpClient http, string gateway, string proof, string repository)
    {
        using var form = new FormUrlEncodedContent(
        [
            new("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), new("subject_token", proof), new(
                "subject_token_type", "urn:registryproxy:k8s"),
            new("client_id", TokenClient.NodeAgent), new("access_type", "offline"), new("service", new Uri(gateway).Host), new(
                "scope", $"repository:{repository}:pull"),
        ]);
        using var response = await http.PostAsync($"{gateway}/token", form);
        var body = await response.Content.ReadAsStringAsync();
        using var json = response.IsSuccessStatusCode ? JsonDocument.Parse(body)
            : response.Headers.RetryAfter is not null ? throw new TryLaterException(body)
            : throw new InvalidOperationException($"a login was answered {(int)response.StatusCode}: {body}");
        return json.RootElement.GetProperty("access_token").GetString()!;
    }

    private static async Task<LoadResult> Each(int count, Func<HttpClient, int, Task> work)
    {
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = ClusterOptions.AtOnce });
        var times = new double[count];
        var watch = Stopwatch.StartNew();
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = ClusterOptions.AtOnce }, async (i, _) =>
        {
            var began = Stopwatch.GetTimestamp();
            await work(http, i);
            times[i] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        });
        var seconds = watch.Elapsed.TotalSeconds;
        Array.Sort(times);
        return new LoadResult(count, count / seconds, times[count / 2], times[(int)(count * 0.99)]);
    }

    /// <summary>A machine that is too busy for a moment.</summary>
    private sealed class TryLaterException(string answer) : Exception($"a login is to be tried later: {answer}");
}
