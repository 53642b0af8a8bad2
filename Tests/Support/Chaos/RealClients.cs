using System.Collections.Concurrent;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Support.Chaos;

/// <summary>Docker, containerd and skopeo, each pulling an image of its own again and again, with no retries but their own.</summary>
internal sealed class RealClients : IAsyncDisposable
{
    private readonly CancellationTokenSource _enough = new();
    private readonly ConcurrentBag<(string Client, ShellResult Result)> _pulls = [];
    private readonly TemporaryFolder _folder = new();
    private int _cut;
    private Task _clients = Task.CompletedTask;

    /// <summary>Pushes the images, logs in and starts.</summary>
    public static async Task<RealClients> Start(Lab lab, ChaosCluster cluster, int layerBytes)
    {
        var clients = new RealClients();
        var authority = new Uri(cluster.Balancer.Url).Authority;
        var docker = (await lab.Docker).NewClient();
        var containerd = await lab.Containerd;
        var user = ChaosCluster.UserName(0);
        var password = ChaosCluster.PasswordOf(user);
        foreach (var (name, seed) in new[] { ("docker", 610), ("containerd", 611), ("skopeo", 612) })
        {
            await cluster.Push($"chaos/{name}", "v1", TestImage.Build(seed, layerBytes, layerBytes));
        }

        (await docker.Login(authority, user, password)).ShouldSucceed();
        clients._clients = Task.WhenAll(
            clients.Loop("docker", () => docker.Pull($"{authority}/chaos/docker:v1")),
            clients.Loop("containerd", () => containerd.Pull($"{authority}/chaos/containerd:v1", $"{user}:{password}")),
            clients.Loop("skopeo", () => clients.Skopeo($"{authority}/chaos/skopeo:v1", $"{user}:{password}")));
        return clients;
    }

    /// <summary>Waits for the pulls that run; returns how many there were of each client, and what failed.</summary>
    public async Task<(string Summary, IReadOnlyList<string> Failures)> Finish()
    {
        await _enough.CancelAsync();
        await _clients;
        var summary = string.Join(", ", _pulls.GroupBy(pull => pull.Client).Select(group => $"{group.Key} {group.Count()}"));
        return ($"{summary}, of which {_cut} were cut and begun again",
            [.. _pulls.Where(pull => pull.Result.ExitCode != 0)
                .Select(pull => $"{pull.Client}: {pull.Result.Output.Trim().Split('\n')[^1]}")]);
    }

    public async ValueTask DisposeAsync()
    {
        await _enough.CancelAsync();
        await _clients;
        _enough.Dispose();
        _folder.Dispose();
    }

    private async Task Loop(string client, Func<Task<ShellResult>> pull)
    {
        while (!_enough.IsCancellationRequested)
        {
            _pulls.Add((client, await pull()));
        }
    }

    /// <summary>
    /// Debian's skopeo 1.9 neither goes on with a layer that was cut nor counts that among what <c>--retry-times</c> is for (later ones do
    /// the former): whoever runs it starts it again.
    /// </summary>
    private async Task<ShellResult> Skopeo(string image, string credentials)
    {
        var result = await SkopeoOnce(image, credentials);
        for (var again = 0; again < 3 && result.ExitCode != 0
            && result.Output.Contains("unexpected EOF", StringComparison.Ordinal); again++)
        {
            _cut++;
            result = await SkopeoOnce(image, credentials);
        }

        return result;
    }

    private async Task<ShellResult> SkopeoOnce(string image, string credentials)
    {
        var folder = _folder.File(Guid.NewGuid().ToString("N"));
        var result = await Shell.Run(
            "skopeo", ["--insecure-policy", "copy", "--retry-times", "3", "--src-tls-verify=false", "--src-creds", credentials,
                $"docker://{image}", $"dir:{folder}"]);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        return result;
    }
}
