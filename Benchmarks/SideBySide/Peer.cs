using RegistryProxy.Benchmarks.Processes;

namespace RegistryProxy.Benchmarks.SideBySide;

/// <summary>What is measured of a peer.</summary>
internal enum Measure
{
    /// <summary>The blob, streamed from the upstream.</summary>
    Streamed,

    /// <summary>The blob, once it was fetched.</summary>
    CachedBlob,

    /// <summary>The same by HTTP/2 without TLS.</summary>
    CachedBlobHttp2,

    /// <summary>The blob within TLS, streamed from the upstream.</summary>
    StreamedTls,

    /// <summary>The same by HTTP/2.</summary>
    StreamedTlsHttp2,

    /// <summary>The blob within TLS, once it was fetched.</summary>
    CachedTls,

    /// <summary>The same by HTTP/2.</summary>
    CachedTlsHttp2,

    /// <summary>The manifest by tag, once it was fetched.</summary>
    CachedManifest,

    /// <summary>The same within TLS.</summary>
    CachedManifestTls,

    /// <summary>Ranges of a blob that was never fetched.</summary>
    ColdRanges,

    /// <summary>Ranges of the blob, once it was fetched.</summary>
    CachedRanges,

    /// <summary>Memory of connections that take a cached blob slowly.</summary>
    SlowReaders,
}

/// <summary>A server between clients and the upstream.</summary>
/// <param name="Name">As the table shows it.</param>
/// <param name="Url">Where it listens.</param>
/// <param name="Process">The process.</param>
/// <param name="IsOurs">Whether it wants a token and is the one that is measured against the others.</param>
/// <param name="Measures">What it can do.</param>
internal sealed record Peer(string Name, string Url, ServerProcess Process, bool IsOurs, params Measure[] Measures)
{
    /// <summary>Whether it speaks TLS.</summary>
    public bool IsEncrypted => Url.StartsWith(Uri.UriSchemeHttps, StringComparison.Ordinal);

    /// <summary>The credentials of one run; access tokens are short-lived.</summary>
    public async Task<string?> Authorization()
    {
        if (!IsOurs)
        {
            return null;
        }

        using var http = AnyCertificate.Client();
        var reply = await http.GetStringAsync($"{Url}/token?service=127.0.0.1&scope=repository:{UpstreamRegistry.Repository}:pull");
        using var json = System.Text.Json.JsonDocument.Parse(reply);
        return $"Authorization: Bearer {json.RootElement.GetProperty("token").GetString()}";
    }
}
