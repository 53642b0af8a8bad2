using System.Text.Json;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>A real Prometheus that asks for the metrics of a test's servers twice a second.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly ChildProcess _process;
    private readonly HttpClient _http;

    private PrometheusServer(TemporaryFolder folder, ChildProcess process, HttpClient http) =>
        (_folder, _process, _http) = (folder, process, http);

    public static async Task<PrometheusServer> Start(params string[] servers)
    {
        var folder = new TemporaryFolder();
        var config = folder.Write("prometheus.yml", $$"""
            global: { scrape_interval: 500ms, scrape_timeout: 450ms }
            scrape_configs:
              - job_name: registryproxy
                scrape_timeout: 450ms
                static_configs: [{ targets: [{{string.Join(", ", servers.Select(server => $"\"{new Uri(server).Authority}\""))}}] }]
            """);
        var address = $"127.0.0.1:{FreePort.Next()}";
        var process = ChildProcess.Start("prometheus",
            [$"--config.file={config}", $"--storage.tsdb.path={folder.File("data")}", $"--web.listen-address={address}"]);
        var http = new HttpClient { BaseAddress = new Uri($"http://{address}/") };
        var server = new PrometheusServer(folder, process, http);
        await Eventually.True(server.IsReady, "Prometheus is ready");
        return server;
    }

    /// <summary>How many series a query gives; an error of the query is one of the test.</summary>
    public async Task<int> Count(string query) => (await Result(query)).GetArrayLength();

    /// <summary>The values of a label of the series that a query gives.</summary>
    public async Task<IReadOnlyList<string>> Labels(string query, string label) =>
    [
        .. (await Result(query)).EnumerateArray()
            .Select(series => series.GetProperty("metric").TryGetProperty(label, out var value) ? value.GetString()! : ""),
    ];

    private async Task<JsonElement> Result(string query)
    {
        using var response = await _http.GetAsync($"api/v1/query?query={Uri.EscapeDataString(query)}");
        var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        Assert.True(answer.GetProperty("status").GetString() == "success", $"{query}: {answer}");
        return answer.GetProperty("data").GetProperty("result");
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _process.Kill();
        await _process.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<bool> IsReady()
    {
        try
        {
            using var response = await _http.GetAsync("-/ready");
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
