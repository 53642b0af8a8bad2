using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Texts of strangers fill no memory, spend nobody's budget and are in nobody's way.</summary>
[Collection(AloneCollection.Name)]
public sealed class HostileMemoryTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Manifest = """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[]}""";
    private const int Connections = 4;
    private const long MaxGrowth = 64L * 1024 * 1024;

    private static readonly int Requests = Sizes.Of(3000, 20_000);

    private RecordingUpstream _upstream = null!;
    private FrontDoor _door = null!;
    private string _token = "";

    public async ValueTask InitializeAsync()
    {
        _upstream = await RecordingUpstream.Start(context =>
        {
            if (context.Request.Path.Value!.Contains("/unknown"))
            {
                context.Response.StatusCode = 404;
                return Task.CompletedTask;
            }

            context.Response.ContentType = TestImage.OciManifest;
            context.Response.Headers["Docker-Content-Digest"] = TestBlob.Of(Manifest).Digest.Value;
            context.Response.ContentLength = Manifest.Length;
            return context.Request.Method == "HEAD" ? Task.CompletedTask
                : context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes(Manifest)).AsTask();
        });
        _door = await FrontDoor.Start(
            DoorConfiguration.Single(_upstream.Url, extra: "cache: { path: cache, tagTtl: 1h }", extraRoute: ", cache: true"));
        using var stranger = _door.Client();
        _token = await stranger.Token(RegistryClient.Pull("a/b"));
    }

    public async ValueTask DisposeAsync()
    {
        await _door.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public Task Blanks_before_a_token() =>
        Flat(200, i => Get("/v2/a/b/manifests/v1", $"Authorization: Bearer {Blanks(i)}{_token}", $"Accept: {TestImage.OciManifest}"));

    [Fact]
    public async Task Invented_types_of_a_cached_tag()
    {
        await Flat(200, i => Get("/v2/a/b/manifests/v1", Bearer, $"Accept: {TestImage.OciManifest}, x/{i}-{new string('y', 7500)}"));
        await Flat(200, i => Get("/v2/a/b/manifests/v1", Bearer, $"Accept: x/{i}-{new string('y', 7500)};q=0.{i}"));
        await Flat(431, i => Get("/v2/a/b/manifests/v1", Bearer, $"Accept: {TestImage.OciManifest}, x/{i}-{new string('y', 28_000)}"));
        Assert.InRange(_upstream.Requests.Count(request => request.Method == "GET" && request.Target.Contains("/manifests/")), 1, 3);
    }

    [Fact]
    public Task Invented_names_tags_and_digests() => Flat([404, 429], i => (i % 3) switch
    {
        0 => Get($"/v2/a/b/manifests/unknown-{i}-{new string('t', 100)}", Bearer),
        1 => Get($"/v2/a/b/blobs/sha512:{Convert.ToHexStringLower(Encoding.ASCII.GetBytes($"{i}".PadLeft(64, '0')))}?ns=unknown." +
            $"{i}.example", Bearer),
        _ => Get($"/v2/a/b/manifests/unknown?x={i}-{new string('q', 7000)}", Bearer),
    });

    [Fact]
    public Task Tokens_for_many_invented_repositories() => Flat(200, i => Get("/token?" + string.Concat(
        Enumerable.Range(0, 25).Select(scope => $"scope=repository:{i}/{scope}/{new string('r', 230)}:pull&"))));

    [Fact]
    public async Task Credentials_that_are_too_long()
    {
        await Flat(400, i => Post($"grant_type=password&service=127.0.0.1&username={i}{new string('u', 60_000)}&password=x"));
        await Flat(400, i => Post($"grant_type=refresh_token&service=127.0.0.1&refresh_token={i}{new string('u', 60_000)}"));
        await Flat(431, i => Get(
            "/token", $"Authorization: Basic {Convert.ToBase64String(Encoding.ASCII.GetBytes($"{i}{new string('u', 20_000)}:x"))}"));
    }

    private string Bearer => $"Authorization: Bearer {_token}";

    /// <summary>Twenty-nine thousand blanks, others for each number.</summary>
    private static string Blanks(int number) =>
        string.Concat(Enumerable.Range(0, 16).Select(bit => (number >> bit & 1) == 0 ? ' ' : '\t')) + new string(' ', 14_000);

    private string Get(string target, params string[] headers) =>
        $"GET {target} HTTP/1.1\r\nHost: {_door.Authority}\r\n{string.Concat(headers.Select(header => $"{header}\r\n"))}\r\n";

    private string Post(string form) =>
        $"POST /token HTTP/1.1\r\nHost: {_door.Authority}\r\nContent-Type: " +
        $"application/x-www-form-urlencoded\r\nContent-Length: {form.Length}\r\n\r\n{form}";

    private Task Flat(int expected, Func<int, string> request) => Flat([expected], request);

    private async Task Flat(int[] expected, Func<int, string> request)
    {
        using var alice = _door.Client("alice");
        (await alice.GetManifest("a/b", "v1")).Dispose();
        await Send(expected, request, Enumerable.Range(-200, 200));
        var (before, cpu) = (_door.ResidentBytes(), Cpu());
        using var stop = new CancellationTokenSource();
        var pulls = Pull(alice, stop.Token);
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(worker => Task.Run(() => Send(
            expected, request, Enumerable.Range(0, Requests / Connections).Select(i => (i * Connections) + worker)))));
        await stop.CancelAsync();
        var pulled = await pulls;
        var (grown, each) = (_door.ResidentBytes() - before, (Cpu() - cpu) / Requests);
        output.WriteLine(
            $"{Requests} requests answered {string.Join('/', expected)}: {grown / 1_000_000:+0;-0} " +
            $"MB, {each.TotalMilliseconds:0.00} ms of processor each, {pulled} pulls of a user beside them");
        Assert.True(grown <= MaxGrowth, $"{grown / 1_000_000} MB");
        Assert.True(each < TimeSpan.FromMilliseconds(5), $"{each.TotalMilliseconds} ms");
    }

    private TimeSpan Cpu()
    {
        using var process = Process.GetProcessById(_door.Pid);
        return process.TotalProcessorTime;
    }

    private static async Task<int> Pull(RegistryClient alice, CancellationToken stop)
    {
        var count = 0;
        while (!stop.IsCancellationRequested)
        {
            using var response = await alice.GetManifest("a/b", "v1");
            Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}");
            count++;
        }

        return count;
    }

    /// <summary>Sends requests one after the other, on connections that last as long as the door lets them.</summary>
    private async Task Send(int[] expected, Func<int, string> request, IEnumerable<int> numbers)
    {
        TcpClient? client = null;
        foreach (var number in numbers)
        {
            client ??= new TcpClient("127.0.0.1", new Uri(_door.DataUrl).Port);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request(number)));
            var (status, _) = await new AnswerReader(client.GetStream()).Read();
            Assert.Contains(status, expected);
            if (number % 1000 == 999)
            {
                client.Dispose();
                client = null;
            }
        }

        client?.Dispose();
    }
}
