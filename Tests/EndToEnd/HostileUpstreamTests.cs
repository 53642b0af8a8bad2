using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using RegistryProxy.Tests.Protocol;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// An upstream that wants our credentials or our network, and a resolver on its side. The door runs in a network where every forbidden
/// address has a listener: nothing may ever connect there, and no credential may reach another place than its own.
/// </summary>
public sealed class HostileUpstreamTests : IAsyncLifetime
{
    private const string Canary = "hostile-canary-password";
    private const string Evil = "203.0.113.10";
    private const string Elsewhere = "203.0.113.66";

    private static readonly string[] Forbidden =
    [
        "169.254.169.254", "169.254.1.1", "127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.0.1", "192.168.1.1", "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16", "192.0.0.192", "::1", "fd00:ec2::254", "fd12::1", "2002:a9fe:a9fe::1", "64:ff9b::a9fe:a9fe",
    ];

    private static readonly string[] Hostile =
    [
        .. AddressRulesTests.Spellings()
            .SelectMany(host => new[] { $"https://{host}/token", $"http://{host}/token", $"https://{host}:443/v2/token" }),
        .. new[]
        {
            "evil.example.", "u.evil.example.other.example", "user@evil.example", "user:pw@other.example", "other.example",
            "metadata.google.internal", "other.example:443",
            "evil.example@other.example", "evil.example%40other.example", "evil.example#@other.example", "evil.example?@other.example",
            "xn--evil-.other.example", "OTHER.EXAMPLE",
        }.SelectMany(host => new[] { $"https://{host}/token", $"http://{host}/token", $"//{host}/token", $"https:/{host}/token",
            $"ftp://{host}/token" }),
        "file:///etc/passwd", "gopher://127.0.0.1/", "javascript:1", "data:,x", "unix:///var/run/docker.sock", "https://", "https:///token",
        "", " ", "https://[::1", "https://[::ffff:a9fe:a9fe]/",
    ];

    private readonly List<IAsyncDisposable> _servers = [];
    private readonly List<Socket> _traps = [];
    private readonly ConcurrentQueue<(string Host, string Authorization)> _seen = new();
    private readonly ConcurrentDictionary<string, int> _asked = new();
    private readonly TemporaryFolder _folder = new();
    private NetworkNamespace _network = null!;
    private X509Certificate2 _certificate = null!;
    private int _served;

    public async ValueTask InitializeAsync()
    {
        var addresses = Forbidden.Concat([Evil, Elsewhere, "2606:4700::1111"]).Select(IPAddress.Parse).ToList();
        _network = await NetworkNamespace.Create(addresses, IPAddress.Parse("127.0.0.53"));
        _certificate = TestCertificates.For("hostile", "*.evil.example", "*.other.example", "other.example");
        _folder.Write("ca.crt", _certificate.ExportCertificatePem());
        foreach (var trap in Forbidden.SelectMany(
            address => new[] { 80, 443 }.Select(port => _network.Bind(SocketType.Stream, IPAddress.Parse(address), port))))
        {
            trap.Listen();
            _traps.Add(trap);
        }

        _servers.Add(new NameServer(_network.Bind(SocketType.Dgram, IPAddress.Parse("127.0.0.53"), 53), Resolve));
        _servers.Add(await Serve(Evil, 443, ServeEvil));
        _servers.Add(await Serve(Elsewhere, 443, ServeElsewhere));
        _servers.Add(await Serve(Elsewhere, 80, ServeElsewhere));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        _traps.ForEach(trap => trap.Dispose());
        await _network.DisposeAsync();
        _certificate.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task No_realm_and_no_redirect_leads_anywhere_but_home()
    {
        Assert.True(Hostile.Length >= 300, $"{Hostile.Length}");
        var kinds = new[] { "u", "r" };
        await using var door = await Door(
            kinds.SelectMany(kind => Enumerable.Range(0, Hostile.Length).Select(number => $"{kind}{number}")));
        using var alice = door.Client("alice");
        await alice.Token(RegistryClient.Pull("u0/a"));
        await Parallel.ForEachAsync(
            kinds.SelectMany(kind => Enumerable.Range(0, Hostile.Length).Select(number => $"{kind}{number}")),
            new ParallelOptions { MaxDegreeOfParallelism = 8 },
            async (name, _) =>
            {
                using var response = await alice.GetBlob($"{name}/a", TestBlob.Random(1, 1).Digest);
                var body = await response.Content.ReadAsStringAsync(CancellationToken.None);

                // A redirect may lead to any public place, as those of registries do, but without our credentials.
                var isPublic = response.StatusCode == HttpStatusCode.OK && name[0] == 'r' && body == "elsewhere";
                Assert.True(isPublic || response.StatusCode is HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable,
                    $"{Hostile[int.Parse(name[1..])]}: {(int)response.StatusCode} {body}");
            });
        AssertNothingLeaked(door);
        Assert.Contains(_seen, seen => seen.Host.StartsWith('r') && seen.Authorization.StartsWith("Basic", StringComparison.Ordinal));
        Assert.DoesNotContain(_seen, seen => seen.Host.StartsWith('u') && seen.Authorization.Length > 0);
    }

    [Fact]
    public async Task A_name_that_resolves_to_something_else_at_each_look_never_gets_us_inside()
    {
        const int Rounds = 1000;
        await using var door = await Door(["rebinding"]);
        using var alice = door.Client("alice");
        var answers = new ConcurrentBag<HttpStatusCode>();
        await Parallel.ForEachAsync(Enumerable.Range(0, Rounds), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (round, _) =>
        {
            using var response = await alice.GetBlob("rebinding/a", TestBlob.Random(round, 8).Digest);
            answers.Add(response.StatusCode);
        });
        AssertNothingLeaked(door);
        Assert.All(answers, status =>
            Assert.True(status is HttpStatusCode.OK or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable, $"{status}"));
        Assert.InRange(answers.Count(status => status == HttpStatusCode.OK), Rounds / 10, Rounds * 9 / 10);
        Assert.True(_served > 0);
    }

    private void AssertNothingLeaked(FrontDoor door)
    {
        Assert.All(_traps, trap => Assert.False(trap.Poll(0, SelectMode.SelectRead), $"a connection reached {trap.LocalEndPoint}"));
        Assert.DoesNotContain(_seen, seen => seen.Host.Contains("other.example") && seen.Authorization.Length > 0);
        Assert.DoesNotContain(Canary, door.Log);
    }

    private Task<FrontDoor> Door(IEnumerable<string> names)
    {
        var list = names.ToList();
        var upstreams = string.Concat(list.Select(name =>
            $"  {name}: {{ url: \"https://{name}.evil.example\", credentials: {{ type: basic, username: me, password: {{ " +
            $"value: {Canary} }} }} }}\n"));
        var routes = string.Concat(list.Select(name => $"      - {{ prefix: {name}, upstream: {name} }}\n"));
        return FrontDoor.Start(
            $$"""
            upstreams:
            {{upstreams}}
            authenticators:
              staff: { type: htpasswd, file: htpasswd }
            tenants:
              acme:
                hosts: ["*"]
                authenticators: [staff]
                access: [{ name: all, who: ["user:alice"], repositories: ["**"], actions: [pull] }]
                routes:
            {{routes}}
            """,
            _network, ("SSL_CERT_FILE", _folder.File("ca.crt")));
    }

    /// <summary>What names lead to: <c>xN</c> at random to a public place, a forbidden one or both, anew at each look.</summary>
    private IEnumerable<IPAddress> Resolve(string name, AddressFamily family)
    {
        if (name.EndsWith(".evil.example", StringComparison.Ordinal) && name[0] == 'x')
        {
            var look = _asked.AddOrUpdate($"{name}/{family}", 1, (_, count) => count + 1);
            var dice = HashCode.Combine(name.GetHashCode(StringComparison.Ordinal), family, look) & 7;
            var forbidden = family == AddressFamily.InterNetwork ? new[] { "169.254.169.254", "127.0.0.1", "10.0.0.1" }[look % 3]
                : new[] { "fd00:ec2::254", "::1", "::ffff:169.254.169.254" }[look % 3];
            var open = family == AddressFamily.InterNetwork ? Elsewhere : null;
            return (dice switch { 0 => [forbidden], 1 => [open, forbidden], 2 when look > 1 => [forbidden], _ =>
                new[] { open } }).OfType<string>().Select(IPAddress.Parse);
        }

        var address = name switch
        {
            "metadata.google.internal" => "169.254.169.254",
            _ when name.EndsWith("evil.example", StringComparison.Ordinal) => Evil,
            _ when name.EndsWith("other.example", StringComparison.Ordinal) => Elsewhere,
            _ => null,
        };
        return address is not null && family == AddressFamily.InterNetwork ? [IPAddress.Parse(address)] : [];
    }

    private Task ServeEvil(HttpContext context)
    {
        var host = context.Request.Host.Host;
        var name = host.Split('.')[0];
        var authorization = context.Request.Headers.Authorization.ToString();
        _seen.Enqueue((host, authorization));
        if (name == "rebinding" && authorization.Length > 0 && context.Request.Path != "/v2/")
        {
            context.Response.StatusCode = 307;
            context.Response.Headers.Location = $"https://x{Interlocked.Increment(ref _served)}.evil.example/blob";
        }
        else if (name[0] == 'r' && authorization.Length > 0 && context.Request.Path != "/v2/")
        {
            context.Response.StatusCode = 307;
            context.Response.Headers.Location = Hostile[int.Parse(name[1..])];
        }
        else if (name[0] == 'u' || authorization.Length == 0 || context.Request.Path != "/v2/")
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = name[0] == 'u'
                ? $"Bearer realm=\"{string.Concat(Hostile[int.Parse(name[1..])].Where(char.IsAscii))}\",service=\"x\""
                : "Basic realm=\"x\"";
        }

        return Task.CompletedTask;
    }

    private Task ServeElsewhere(HttpContext context)
    {
        _seen.Enqueue((context.Request.Host.Host, context.Request.Headers.Authorization.ToString()));
        return context.Response.WriteAsync("elsewhere");
    }

    private async Task<IAsyncDisposable> Serve(string address, int port, Func<HttpContext, Task> answer)
    {
        var socket = _network.Bind(SocketType.Stream, IPAddress.Parse(address), port);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenHandle((ulong)socket.Handle, listen =>
        {
            if (port == 443)
            {
                listen.UseHttps(_certificate);
            }
        }));
        builder.WebHost.UseKestrelHttpsConfiguration();
        var app = builder.Build();
        app.Run(context => answer(context));
        await app.StartAsync();
        return app;
    }
}
