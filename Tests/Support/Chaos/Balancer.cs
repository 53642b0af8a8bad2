using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Support.Chaos;

/// <summary>
/// A real haproxy before the gateways: it leaves one within a second of its <c>/readyz</c>, and asks another when a connection fails. One
/// answer that is late must not count: on a busy machine it would leave the last gateway.
/// </summary>
internal sealed class Balancer : IAsyncDisposable
{
    private const string ServerHeader = "X-Balanced-To";

    private readonly TemporaryFolder _folder;
    private readonly ChildProcess _process;

    private Balancer(TemporaryFolder folder, ChildProcess process, string url) => (_folder, _process, Url) = (folder, process, url);

    public string Url { get; }

    public static Balancer Start(IEnumerable<string> gateways)
    {
        var folder = new TemporaryFolder();
        var port = FreePort.Next();
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
              http-response set-header {ServerHeader} %s
              default-server check inter 500ms fall 2 rise 1
            {string.Join('\n', servers)}

            """);
        var process = ChildProcess.Start("haproxy", ["-db", "-f", configuration]);
        return new Balancer(folder, process, $"http://127.0.0.1:{port}");
    }

    /// <summary>Waits until it sends requests to so many gateways: it learns of one that is back by its next check.</summary>
    public async Task Reaches(int gateways)
    {
        using var http = new HttpClient();
        var reached = new HashSet<string>();
        await Eventually.True(
            async () =>
            {
                if (await Get(http) is { } server)
                {
                    reached.Add(server);
                }

                return reached.Count >= gateways;
            },
            $"the balancer has {gateways} gateways:\n{_process.Output}", TimeSpan.FromSeconds(60));
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<string?> Get(HttpClient http)
    {
        Assert.False(_process.HasExited, _process.Output);
        try
        {
            using var response = await http.GetAsync($"{Url}/readyz");
            return response.IsSuccessStatusCode ? response.Headers.GetValues(ServerHeader).Single() : null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
