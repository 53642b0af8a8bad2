using RegistryProxy.Benchmarks.Processes;

namespace RegistryProxy.Benchmarks.SideBySide;

/// <summary>Starts the peers, each as its documentation shows it, with its files below a folder.</summary>
internal sealed class PeerStarter(string folder, string upstream)
{
    public async Task<List<Peer>> All() =>
    [
        await Door("RegistryProxy", "", sendFile: true, Measure.Streamed),
        await Door("RegistryProxy, cache, no sendFile", ", cache: true", sendFile: false, Measure.CachedBlob),
        await Door("RegistryProxy, cache", ", cache: true", sendFile: true, Measure.CachedManifest, Measure.CachedBlob,
            Measure.CachedBlobHttp2, Measure.ColdRanges, Measure.CachedRanges, Measure.SlowReaders),
        await Door("RegistryProxy, TLS", "", sendFile: true, Measure.StreamedTls, Measure.StreamedTlsHttp2),
        await Door("RegistryProxy, cache, TLS", ", cache: true", sendFile: true, Measure.CachedTls, Measure.CachedTlsHttp2,
            Measure.CachedManifestTls),
        await Haproxy("haproxy", NextUrl(), "", Measure.Streamed),
        await Haproxy("haproxy, TLS", NextTlsUrl(), $" ssl crt {folder}/tls.pem alpn h2,http/1.1", Measure.StreamedTls,
            Measure.StreamedTlsHttp2),
        await NginxProxy(),
        await Yarp(),
        await NginxCache("nginx cache", NextUrl(), "", Measure.CachedBlob, Measure.CachedManifest, Measure.SlowReaders),
        await NginxCache("nginx cache, TLS", NextTlsUrl(), " ssl http2", Measure.CachedTls, Measure.CachedTlsHttp2,
            Measure.CachedManifestTls),
        await PullThrough(),
    ];

    private async Task<Peer> Door(string name, string route, bool sendFile, params Measure[] measures)
    {
        var isEncrypted = name.EndsWith(", TLS", StringComparison.Ordinal);
        var url = isEncrypted ? NextTlsUrl() : NextUrl();
        var listen = isEncrypted ? $"listen: {{ data: \"{url}\", tls: {{ certificate: {folder}/tls.crt, key: {folder}/tls.key }} }}" : "";
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        var dll = AppContext.BaseDirectory.Replace("/Benchmarks/", "/Standalone/") + "RegistryProxy.Standalone.dll";
        var cache = route.Length == 0 ? ""
            : $"cache: {{ path: {Path.Combine(folder, $"door-cache-{measures[0]}")}, maxBytes: 10GiB, tagTtl: 10m, " +
                $"sendFile: {(sendFile ? "true" : "false")} }}";
        var configuration = Write($"{root.Name}-{measures[0]}.yaml", $$"""
            {{cache}}
            {{listen}}
            upstreams:
              local: { url: "{{upstream}}", allowPrivate: true }
            tenants:
              bench:
                hosts: ["*"]
                routes:
                  - { prefix: "", upstream: local{{route}} }
                access:
                  - { name: other, who: [anonymous], repositories: ["other/**", "**/base-*"], actions: [pull] }
                  - { name: all, who: [anonymous], repositories: ["bench/**"], actions: [pull] }
            audit: { file: {{Path.Combine(folder, $"{measures[0]}-audit.jsonl")}} }
            """);
        var process = ServerProcess.Start(
            Path.Combine(folder, $"{measures[0]}.log"), "dotnet", dll, "--config", configuration, "--listen-data", url, "--listen-admin",
            "http://127.0.0.1:0");
        return new Peer(name, url, await process.Ready($"{url}/livez"), true, measures);
    }

    private async Task<Peer> Haproxy(string name, string url, string bind, params Measure[] measures)
    {
        var configuration = Write($"{measures[0]}-haproxy.cfg", $"""
            global
              maxconn 1000
            defaults
              mode http
              timeout connect 5s
              timeout client 60s
              timeout server 60s
            frontend front
              bind {new Uri(url).Authority}{bind}
              default_backend back
            backend back
              server upstream {new Uri(upstream).Authority}

            """);
        var process = ServerProcess.Start(Path.Combine(folder, $"{measures[0]}-haproxy.log"), "haproxy", "-db", "-f", configuration);
        return new Peer(name, url, await process.Ready(url), false, measures);
    }

    private async Task<Peer> NginxProxy() => new(
        "nginx proxy_pass", NextUrl(out var url), await Nginx(
            "nginx-proxy", url, "proxy_max_temp_file_size 0;", ""), false, Measure.Streamed);

    private async Task<Peer> NginxCache(string name, string url, string listen, params Measure[] measures) => new(
        name, url,
        await Nginx($"nginx-{measures[0]}", url, "proxy_cache zone; proxy_cache_valid 200 10m;",
            $"proxy_cache_path {folder}/nginx-{measures[0]} keys_zone=zone:10m;", listen),
        false, measures);

    private async Task<ServerProcess> Nginx(string name, string url, string location, string http, string listen = "")
    {
        var configuration = Write($"{name}.conf", $$"""
            user root;
            daemon off;
            worker_processes 1;
            pid {{folder}}/{{name}}.pid;
            error_log stderr crit;
            events { worker_connections 4096; }
            http {
              access_log off;
              sendfile on;
              tcp_nopush on;
              keepalive_requests 100000000;
              client_body_temp_path {{folder}}/{{name}}-body;
              proxy_temp_path {{folder}}/{{name}}-temp;
              {{http}}
              upstream registry { server {{new Uri(upstream).Authority}}; keepalive 32; }
              server {
                listen {{new Uri(url).Authority}}{{listen}};
                ssl_certificate {{folder}}/tls.crt;
                ssl_certificate_key {{folder}}/tls.key;
                location / { proxy_pass http://registry; proxy_http_version 1.1; proxy_set_header Connection ""; {{location}} }
              }
            }
            """);
        return await ServerProcess.Start(Path.Combine(folder, $"{name}.log"), "nginx", "-c", configuration, "-p", folder).Ready(url);
    }

    private async Task<Peer> Yarp()
    {
        var url = NextUrl();
        var dll = AppContext.BaseDirectory + "RegistryProxy.Benchmarks.dll";
        var process = ServerProcess.Start(Path.Combine(folder, "yarp.log"), "dotnet", dll, "bare-yarp", url, upstream);
        return new Peer("YARP as it comes", url, await process.Ready(url), false, Measure.Streamed);
    }

    private async Task<Peer> PullThrough()
    {
        var url = NextUrl();
        var process = await UpstreamRegistry.StartRegistry(folder, "pull-through", url, $"proxy: {{ remoteurl: {upstream} }}");
        return new Peer("docker-registry pull-through", url, process, false, Measure.CachedBlob, Measure.CachedManifest);
    }

    private string Write(string name, string text)
    {
        File.WriteAllText(Path.Combine(folder, name), text);
        return Path.Combine(folder, name);
    }

    private static string NextUrl() => $"http://127.0.0.1:{Ports.Free()}";

    private static string NextTlsUrl() => $"https://127.0.0.1:{Ports.Free()}";

    private static string NextUrl(out string url) => url = NextUrl();
}
