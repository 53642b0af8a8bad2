using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;

namespace RegistryProxy.Benchmarks.SideBySide;

/// <summary>What a lazy snapshotter asks for: many small ranges of one blob, a few at once.</summary>
internal static class RangeLoad
{
    private const int Ranges = 2000;
    private const int Bytes = 64 * 1024;
    private const int Connections = 8;

    /// <summary>How many times as long as the registry itself a peer takes for them.</summary>
    public static async Task<Sample> Measure(Peer peer, UpstreamRegistry upstream, string path, ComparisonOptions options)
    {
        var direct = await Seconds(upstream.Url + path, null, options);
        var seconds = await Seconds(peer.Url + path, await peer.Authorization(), options);
        return new Sample(seconds / direct, Ranges / seconds);
    }

    private static async Task<double> Seconds(string url, string? authorization, ComparisonOptions options)
    {
        using var http = new HttpClient();
        if (authorization is not null)
        {
            http.DefaultRequestHeaders.Add("Authorization", authorization["Authorization: ".Length..]);
        }

        var random = new Random(9);
        var offsets = Enumerable.Range(0, Ranges).Select(_ => random.Next(options.BlobBytes - Bytes)).ToList();
        var began = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(offsets, new ParallelOptions { MaxDegreeOfParallelism = Connections }, async (offset, stop) =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.Range = new RangeHeaderValue(offset, offset + Bytes - 1);
            using var response = await http.SendAsync(request, stop);
            if (response.StatusCode != HttpStatusCode.PartialContent || (await response.Content.ReadAsByteArrayAsync(stop)).Length != Bytes)
            {
                throw new InvalidOperationException($"{url} answered a range with {response.StatusCode}");
            }
        });
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }
}
