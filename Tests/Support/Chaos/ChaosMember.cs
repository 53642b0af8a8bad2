using System.Net;
using System.Text.Json;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Wire;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Support.Chaos;

/// <summary>A silo or a gateway that is killed, stopped and started again on its ports.</summary>
internal sealed class ChaosMember(string project, string name, string config, string adminUrl, string? dataUrl) : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly List<ChildProcess> _lives = [];

    public string Name => name;

    /// <summary>The program of a project, from the next start on.</summary>
    public Func<string, string> Program { get; set; } = FrontDoor.DllOf;

    public bool IsGateway => dataUrl is not null;

    /// <summary>The data listener of a gateway, past the balancer.</summary>
    public string DataUrl => dataUrl ?? throw new InvalidOperationException($"{name} has no data listener");

    public string AdminUrl => adminUrl;

    public bool IsRunning => _lives.Count > 0 && !_lives[^1].HasExited;

    /// <summary>Changes its file.</summary>
    public void Edit(Func<string, string> change)
    {
        File.WriteAllText($"{config}.new", change(File.ReadAllText(config)));
        File.Move($"{config}.new", config, overwrite: true);
    }

    /// <summary>What it wrote in all its lives.</summary>
    public string Log => string.Join("\n--- started again ---\n", _lives.Select(life => life.Output));

    public void Start()
    {
        string[] listeners = IsGateway ? ["--listen-data", DataUrl, "--listen-admin", adminUrl] : ["--listen-admin", adminUrl];
        _lives.Add(ChildProcess.Start("dotnet", [Program(project), "--config", config, .. listeners]));
    }

    /// <summary>Waits until its <c>/readyz</c> answers 200.</summary>
    public Task Ready() => Eventually.True(IsReady, $"{name} is ready; log:\n{Log}", StartLimit);

    public async Task<bool> IsReady()
    {
        try
        {
            using var response = await _http.GetAsync($"{adminUrl}/readyz");
            return response.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>kill -9.</summary>
    public void Kill() => _lives[^1].Kill();

    /// <summary>SIGSTOP: it is there, and says nothing.</summary>
    public Task Freeze() => Signal("STOP");

    /// <summary>SIGCONT.</summary>
    public Task Thaw() => Signal("CONT");

    /// <summary>SIGTERM; returns the exit code.</summary>
    public Task<int> Terminate() => _lives[^1].Terminate(TimeSpan.FromSeconds(90));

    /// <summary>As a supervisor would: starts it whenever it is not running, until it is ready.</summary>
    public Task Revive() => Eventually.True(
        async () =>
        {
            if (!IsRunning)
            {
                Start();
            }

            return await IsReady();
        },
        $"{name} is ready again", StartLimit);

    /// <summary>The status of a POST to its admin listener, with the body; 0 when it does not answer.</summary>
    public async Task<(HttpStatusCode Status, string Body)> Revoke(string subject)
    {
        try
        {
            using var content = new StringContent(JsonSerializer.Serialize(new { tenant = ChaosCluster.Tenant, subject }));
            using var response = await _http.PostAsync($"{adminUrl}/admin/sessions/revoke", content);
            return (response.StatusCode, await response.Content.ReadAsStringAsync());
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException)
        {
            return (0, fault.Message);
        }
    }

    /// <summary>The sum of a metric over the lines that hold <paramref name="labels"/>.</summary>
    public async Task<double> Metric(string metric, string labels = "") =>
        PrometheusText.Sum(await _http.GetStringAsync($"{adminUrl}/metrics"), metric, labels);

    public async ValueTask DisposeAsync()
    {
        foreach (var life in _lives)
        {
            life.Kill();
            await life.DisposeAsync();
        }

        _http.Dispose();
    }

    private async Task Signal(string signal) => (await Shell.Run("kill", [$"-{signal}", $"{_lives[^1].Id}"])).ShouldSucceed();
}
