using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Benchmarks.Processes;

namespace RegistryProxy.Benchmarks.SideBySide;

/// <summary>The real docker-registry that everybody stands before, with one image of one large layer in it.</summary>
internal sealed class UpstreamRegistry : IAsyncDisposable
{
    public const string Repository = "bench/image";
    public const string MediaType = "application/vnd.oci.image.manifest.v1+json";

    private readonly ServerProcess _process;

    private UpstreamRegistry(ServerProcess process, string url, string digest, string unfetched) =>
        (_process, Url, Digest, UnfetchedPath) = (process, url, digest, $"/v2/{Repository}/blobs/{unfetched}");

    public string Url { get; }

    /// <summary>Of the blob.</summary>
    public string Digest { get; }

    public string BlobPath => $"/v2/{Repository}/blobs/{Digest}";

    /// <summary>A blob of the same size that nobody fetches whole.</summary>
    public string UnfetchedPath { get; }

    public static string ManifestPath => $"/v2/{Repository}/manifests/v1";

    public static async Task<UpstreamRegistry> Start(string folder, int blobBytes)
    {
        var url = $"http://127.0.0.1:{Ports.Free()}";
        var process = await StartRegistry(folder, "upstream", url, "");
        using var http = new HttpClient { BaseAddress = new Uri(url), Timeout = TimeSpan.FromMinutes(5) };
        var blob = new byte[blobBytes];
        new Random(7).NextBytes(blob);
        var digest = await Push(http, blob);
        var config = Encoding.UTF8.GetBytes("{}");
        var manifest = $$"""
            {"schemaVersion":2,"mediaType":"{{MediaType}}","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{await Push(http, config)}}","size":2},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{{digest}}","size":{{blobBytes}}}]}
            """.Trim();
        using var put = await http.PutAsync(ManifestPath, new StringContent(manifest, new MediaTypeHeaderValue(MediaType)));
        put.EnsureSuccessStatusCode();
        new Random(8).NextBytes(blob);
        return new UpstreamRegistry(process, url, digest, await Push(http, blob));
    }

    /// <summary>Starts docker-registry with its files below a folder.</summary>
    public static async Task<ServerProcess> StartRegistry(string folder, string name, string url, string extra)
    {
        var configuration = Path.Combine(folder, $"{name}.yml");
        await File.WriteAllTextAsync(configuration, $$"""
            version: 0.1
            log: { level: error, accesslog: { disabled: true } }
            storage: { filesystem: { rootdirectory: {{Path.Combine(folder, name)}} } }
            http: { addr: {{new Uri(url).Authority}} }
            {{extra}}
            """);
        return await ServerProcess.Start(Path.Combine(folder, $"{name}.log"), "docker-registry", "serve", configuration)
            .Ready($"{url}/v2/");
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static async Task<string> Push(HttpClient http, byte[] bytes)
    {
        var digest = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(bytes))}";
        using var start = await http.PostAsync($"/v2/{Repository}/blobs/uploads/", null);
        using var put = await http.PutAsync($"{start.Headers.Location}&digest={digest}", new ByteArrayContent(bytes));
        put.EnsureSuccessStatusCode();
        return digest;
    }
}
