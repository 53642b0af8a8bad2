using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>A real docker-registry on a free loopback port.</summary>
internal sealed class DockerRegistry : IAsyncDisposable
{
    public const string User = "upstream";
    public const string Password = "upstream-canary-password";

    private readonly TemporaryFolder _folder;
    private readonly string _configuration;
    private ChildProcess _process;

    private DockerRegistry(TemporaryFolder folder, string configuration, ChildProcess process, int port) =>
        (_folder, _configuration, _process, Port) = (folder, configuration, process, port);

    public int Port { get; }

    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>The access log.</summary>
    public string Log => _process.Output;

    public static Task<DockerRegistry> Start(bool basic = false) =>
        basic ? StartBasic(User, Password) : Start((_, _) => Task.FromResult(""));

    /// <summary>With one user, whose password <see cref="SetPassword"/> changes.</summary>
    public static Task<DockerRegistry> StartBasic(string user, string password) => Start(async (folder, _) =>
        $"auth: {{ htpasswd: {{ realm: upstream, path: {folder.Write("htpasswd", await Line(user, password))} }} }}");

    /// <summary>With an <c>auth</c> section of the test's, for a folder and the registry's own address.</summary>
    public static async Task<DockerRegistry> Start(Func<TemporaryFolder, string, Task<string>> authenticate)
    {
        var folder = new TemporaryFolder();
        var port = FreePort.Next();
        var authentication = await authenticate(folder, $"http://127.0.0.1:{port}");
        var configuration = folder.Write("registry.yml", $$"""
            version: 0.1
            log: { level: info }
            storage: { filesystem: { rootdirectory: {{folder.File("data")}} }, delete: { enabled: true } }
            http: { addr: 127.0.0.1:{{port}} }
            {{authentication}}
            """);
        var registry = new DockerRegistry(folder, configuration, Launch(configuration), port);
        await registry.Ready();
        return registry;
    }

    /// <summary>Whether the value of an Authorization header opens it.</summary>
    public async Task<bool> Opens(RegistryProxy.Protocol.Secret? authorization)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Url}/v2/");
        request.Headers.TryAddWithoutValidation("Authorization", authorization?.Reveal());
        using var response = await http.SendAsync(request);
        return response.IsSuccessStatusCode;
    }

    /// <summary>Another password; the one before opens nothing any more.</summary>
    public async Task SetPassword(string user, string password)
    {
        _folder.Write("htpasswd.new", await Line(user, password));
        File.Move(_folder.File("htpasswd.new"), _folder.File("htpasswd"), overwrite: true);
    }

    /// <summary>kill -9.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Starts it again on the same port with the same data.</summary>
    public async Task Restart()
    {
        _process = Launch(_configuration);
        await Ready();
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Dispose();
    }

    private static async Task<string> Line(string user, string password) =>
        (await Shell.Run("htpasswd", ["-nbB", "-C", "4", user, password])).Output.Trim() + "\n";

    private static ChildProcess Launch(string configuration) => ChildProcess.Start("docker-registry", ["serve", configuration]);

    private async Task Ready()
    {
        using var http = new HttpClient();
        await Eventually.True(
            async () =>
            {
                try
                {
                    using var response = await http.GetAsync($"{Url}/v2/");
                    return true;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "docker-registry answers");
    }
}
