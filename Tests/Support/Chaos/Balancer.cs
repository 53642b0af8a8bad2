using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Support.Chaos;

/// <summary>
/// A real haproxy before the gateways: it leaves one within a second of its <c>/readyz</c>, and asks another when a connection fails. One answer that
/// is late must not count: on a busy machine it would leave the last gateway.
/// </summary>
internal sealed class Balancer : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly ChildProcess _process;

    private Balancer(TemporaryFolder folder, ChildProcess process, string url) => (_folder, _process, Url) = (folder, process, url);

    public string Url { get; }

    public static async Task<Balancer> Start(IEnumerable<string> gateways)
    {
        var folder = new TemporaryFolder();
        var port = LastingPort.Next();
        var servers = gateways.Select((url, index) => $"  server gateway-{index} {new Uri(url).Authority}");
        var configuration = folder.Write("haproxy.cfg", $"""
            global
              maxconn 4000
            defaults
              mode http
              timeout connect 2s
              timeout client 5m
              timeout server 5m
              timeout check 2s
              timeout http-keep-alive 30s
              option redispatch 1
              retries 3
              retry-on conn-failure empty-response
            frontend data
              bind 127.0.0.1:{port}
              default_backend gateways
            backend gateways
              balance leastconn
              option httpchk GET /readyz
              default-server check inter 500ms fall 2 rise 1
            {string.Join('\n', servers)}

            """);
        var process = ChildProcess.Start("haproxy", ["-db", "-f", configuration]);
        var balancer = new Balancer(folder, process, $"http://127.0.0.1:{port}");
        using var http = new HttpClient();
        await Eventually.True(() => balancer.Answers(http), $"the balancer has a gateway:\n{process.Output}", TimeSpan.FromSeconds(60));
        return balancer;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<bool> Answers(HttpClient http)
    {
        Assert.False(_process.HasExited, _process.Output);
        try
        {
            using var response = await http.GetAsync($"{Url}/readyz");
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
