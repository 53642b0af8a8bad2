using System.Net;
using System.Net.Sockets;
using RegistryProxy.Egress;
using RegistryProxy.Gateway.Network;
using RegistryProxy.Gateway.Sealing;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Uploads;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support;

namespace RegistryProxy.Tests.Gateway;

/// <summary>Whatever an upstream calls the location of an upload, what is sent next goes to that upstream.</summary>
public sealed class UploadLocationTests
{
    private const string Evil = "127.0.0.1:4711";

    private static readonly Uri[] Upstreams =
        [new("http://registry.example:5000"), new("https://registry.example"), new("http://127.0.0.1:5000"),
            new("https://[2001:db8::1]:8443"), new("https://bücher.example")];

    private static readonly string[] Seeds =
    [
        "http://registry.example:5000//127.0.0.1:4711/internal", "////127.0.0.1:4711/x", "/\\127.0.0.1:4711/x", "//127.0.0.1:4711/x",
        "https://registry.example:443@127.0.0.1:4711/x",
        "http://u:p@registry.example:5000/x", "/v2/a/blobs/uploads/1?_state=abc%3D", "https://registry.example/v2/a?x#y",
        "/%2f127.0.0.1:4711/", "/..//127.0.0.1:4711/", "1?a=b",
        "http://127.0.0.1:5000//127.0.0.1:4711/x", "https://[2001:db8::1]:8443//127.0.0.1:4711/x",
        "https://xn--bcher-kva.example//127.0.0.1:4711/", "/\t/127.0.0.1:4711/", "?x=//127.0.0.1:4711",
        "https:registry.example", "/@127.0.0.1:4711/", "/:@127.0.0.1:4711/", "\\\\127.0.0.1:4711\\x", "/;@127.0.0.1:4711",
        "/.//127.0.0.1:4711/", "/%5c127.0.0.1:4711/", "//127.0.0.1:4711\\@registry.example/",
    ];

    private static readonly string[] Pieces =
        ["/", "//", "\\", "@", ":", "#", "?", "%2f", "%5C", "%2e", "..", ".", "\t", "\r\n", " ", "127.0.0.1:4711", "registry.example",
            ":5000", "http:", "https://", "é", "\ud83d", "\0", "[", "]", "xn--", "%00", ";", "&", "%"];

    [Fact]
    public void The_address_that_is_sent_has_the_origin_of_the_upstream_or_there_is_none()
    {
        var random = new Random(15);
        var used = 0;
        for (var i = 0; i < Sizes.Of(20_000, 1_000_000); i++)
        {
            var (upstream, text) = (UpstreamOf(Upstreams[random.Next(Upstreams.Length)]), Mutate(random));
            if (Location(text, upstream) is not { } target)
            {
                continue;
            }

            used++;
            var sent = upstream.At(target.With("digest", "sha256:0"));
            Assert.True(upstream.IsOrigin(sent), text);

            // Neither another parser nor another way of joining leads elsewhere.
            Assert.True(upstream.IsOrigin(new Uri(sent.OriginalString)), text);
            Assert.True(upstream.IsOrigin(new Uri(upstream.Url, target.Text)), text);
            Assert.DoesNotContain(target.Text, letter => letter is <= ' ' or >= '\x7f' or '\\' or '#');
        }

        Assert.True(used > 500, $"{used}");
    }

    [Fact]
    public async Task The_socket_is_opened_to_the_upstream_and_nowhere_else()
    {
        List<DnsEndPoint> dialled = [];
        using var sockets = new SocketsHttpHandler
        {
            ConnectCallback = (context, _) =>
            {
                dialled.Add(context.DnsEndPoint);
                throw new SocketException((int)SocketError.ConnectionRefused);
            },
        };
        using var http = new HttpMessageInvoker(new OriginGuard(sockets));
        var (random, upstream) = (new Random(16), UpstreamOf(Upstreams[0]));
        for (var i = 0; i < 3000; i++)
        {
            if (Location(i < Seeds.Length ? Seeds[i] : Mutate(random), upstream) is { } target)
            {
                using var request = OriginGuard.Request(HttpMethod.Patch, upstream.Origin, target);
                request.Content = new ByteArrayContent([1]);
                await Assert.ThrowsAsync<HttpRequestException>(() => http.SendAsync(request, TestContext.Current.CancellationToken));
            }
        }

        Assert.NotEmpty(dialled);
        Assert.All(dialled, end => Assert.Equal(("registry.example", 5000), (end.Host, end.Port)));
    }

    [Theory]
    [InlineData("http://registry.example:5000/v2/x", true)]
    [InlineData("/v2/x", true)]
    [InlineData("http://registry.example/v2/x", false)]
    [InlineData("https://registry.example:5000/v2/x", true)]
    [InlineData("https://registry.example/v2/x", false)]
    [InlineData("http://registry.example.:5000/v2/x", false)]
    [InlineData("http://u@registry.example:5000/v2/x", false)]
    [InlineData($"http://registry.example:5000//{Evil}/x", false)]
    public void Host_and_port_are_those_of_the_upstream(string text, bool good) =>
        Assert.Equal(good, Location(text, UpstreamOf(Upstreams[0])) is not null);

    /// <summary>Behind a proxy that ends TLS an upstream may name itself with the other scheme.</summary>
    [Theory]
    [InlineData("https://registry.example", "http://registry.example/v2/x")]
    [InlineData("http://registry.example", "https://registry.example/v2/x")]
    [InlineData("http://registry.example", "https://registry.example:443/v2/x")]
    public void The_scheme_is_that_of_the_upstream(string url, string location)
    {
        var upstream = UpstreamOf(new Uri(url));
        Assert.Equal($"{url}/v2/x", upstream.At(Location(location, upstream)!.Value).AbsoluteUri);
    }

    [Theory]
    [InlineData("/v2/a/blobs/uploads/1?_state=abc#part", "/v2/a/blobs/uploads/1?_state=abc")]
    [InlineData("/v2/a/blobs/uploads/1?", "/v2/a/blobs/uploads/1?")]
    [InlineData("1?_state=abc", "/v2/a/blobs/uploads/1?_state=abc")]
    [InlineData("./1", "/v2/a/blobs/uploads/1")]
    [InlineData("?upload=1", "/v2/a/blobs/uploads/?upload=1")]
    [InlineData("/v2/a/my file/1?x=a b", "/v2/a/my%20file/1?x=a%20b")]
    [InlineData("/v2/a/\u00c3\u00a9/1", "/v2/a/%C3%A9/1")]
    [InlineData("/artifacts-uploads/namespaces/p/repositories/r/uploads/AF1", "/artifacts-uploads/namespaces/p/repositories/r/uploads/AF1")]
    [InlineData("/v2/a/1?X-Goog-Signature=%2B%2F%3D&x=|{}\"<>^`", "/v2/a/1?X-Goog-Signature=%2B%2F%3D&x=%7C%7B%7D%22%3C%3E%5E%60")]
    public void A_location_is_kept_as_it_is_or_encoded_once(string text, string kept) =>
        Assert.Equal(kept, Location(text.Replace("\\u00c3", "\u00c3").Replace("\\u00a9", "\u00a9"), UpstreamOf(Upstreams[0]))?.Text);

    [Fact]
    public void The_longest_location_still_makes_an_id_that_is_taken_back()
    {
        var upstream = UpstreamOf(Upstreams[0]);
        var text = $"/{new string('&', UploadHeaders.MaxLocation - 1)}";
        var seal = new UploadSeal([new Secret(Convert.ToBase64String(new byte[32]))]);
        var binding = new UploadBinding(
            "acme", "acme/staff/alice", RepositoryName.Parse("a/b"), "local", HttpOrigin.Of(new Uri("https://local.example")));
        var id = seal.Seal(new UploadState(Location(text, upstream)!.Value, long.MaxValue), binding);
        var name = new string('a', RepositoryName.MaxLength);
        var address = $"/v2/{name}/blobs/uploads/{id}?digest=sha256:{new string('0', 64)}";
        Assert.True(DistributionPath.TryParse(address, out _, out _));
        Assert.InRange(address.Length, 1, RequestBounds.MaxTarget);
        Assert.Equal(text, seal.Open(id, binding)!.Location.Text);
        Assert.Null(Location(text + "&", upstream));
    }

    private static string Mutate(Random random)
    {
        var text = Seeds[random.Next(Seeds.Length)];
        for (var change = random.Next(4); change > 0; change--)
        {
            var at = random.Next(text.Length + 1);
            var end = at + random.Next(Math.Min(4, text.Length - at + 1));
            text = text[..at] + Pieces[random.Next(Pieces.Length)] + text[(random.Next(2) == 0 ? at : end)..];
        }

        return text;
    }

    private static OriginForm? Location(string text, Upstream upstream)
    {
        using var response = new HttpResponseMessage { RequestMessage = new HttpRequestMessage(
            HttpMethod.Post, upstream.At(OriginForm.Of("/v2/a/blobs/uploads/"))) };
        response.Headers.TryAddWithoutValidation("Location", text);
        return UploadHeaders.Location(response, upstream);
    }

    private static Upstream UpstreamOf(Uri url) => new(new UpstreamSnapshot { Name = "local", Url = url }, []);
}
