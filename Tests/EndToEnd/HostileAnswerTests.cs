using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>An upstream whose answers lead elsewhere or never end, and the door before it.</summary>
public sealed class HostileAnswerTests(HostileAnswerTests.HostileServers servers) : IClassFixture<HostileAnswerTests.HostileServers>
{
    /// <summary>Locations of uploads; PORT is another server on this machine, SELF the upstream.</summary>
    private static readonly string[] Locations =
    [
        "SELF//127.0.0.1:PORT/internal/delete?x=1", "////127.0.0.1:PORT/abc", "///127.0.0.1:PORT/abc", "/\\127.0.0.1:PORT/abc",
        "\\\\127.0.0.1:PORT/abc", "//127.0.0.1:PORT/plain",
        "http://127.0.0.1:PORT/plain", "http://u:p@127.0.0.1:PORT/x", "SELF@127.0.0.1:PORT/x", "SELF/..//127.0.0.1:PORT/x",
        "SELF/%2e%2e//127.0.0.1:PORT/x", "/..//127.0.0.1:PORT/", "/.//127.0.0.1:PORT/",
        "SELF\\@127.0.0.1:PORT/x", "/\t/127.0.0.1:PORT/x", "https://127.0.0.1:PORT/x", "HTTP://127.0.0.1:PORT/x",
        "http:\\\\127.0.0.1:PORT/x", "http:/127.0.0.1:PORT/x", "http://2130706433:PORT/x", "",
    ];

    [Fact]
    public async Task No_location_of_an_upload_leads_to_another_server()
    {
        using var alice = servers.Door.Client("alice");
        for (var i = 0; i < Locations.Length; i++)
        {
            servers.Location = Locations[i].Replace("PORT", servers.VictimPort).Replace("SELF", servers.Upstream.Url);
            using var started = await alice.Do(HttpMethod.Post, "/v2/a/b/blobs/uploads/", RegistryClient.Push("a/b"));
            Assert.Contains("'local'", await started.ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE"));
            using var whole = await alice.Do(
                HttpMethod.Post, $"/v2/a/b/blobs/uploads/?digest={TestBlob.Random(1, 1).Digest}", RegistryClient.Push("a/b"),
                new ByteArrayContent([1]));
            Assert.Contains("'local'", await whole.ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE"));

            servers.Location = "/v2/a/b/blobs/uploads/1";
            var location = await alice.StartUpload("a/b");
            servers.Location = Locations[i].Replace("PORT", servers.VictimPort).Replace("SELF", servers.Upstream.Url);
            using var patched = await alice.Do(HttpMethod.Patch, location, RegistryClient.Push("a/b"), new ByteArrayContent([1]));
            await patched.ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE");
        }

        Assert.Empty(servers.Victim.Requests);
    }

    [Theory]
    [InlineData("/v2/a/b/blobs/uploads/1?_state=%2F%2F127.0.0.1&x=//y", "/v2/a/b/blobs/uploads/1?_state=%2F%2F127.0.0.1&x=//y")]
    [InlineData("/%2f127.0.0.1:PORT/x%41", "/%2f127.0.0.1:PORT/x%41")]
    [InlineData("SELF/v2/x#@127.0.0.1:PORT", "/v2/x")]
    [InlineData("2?x", "/v2/a/b/blobs/uploads/2?x")]
    [InlineData("../../_uploads/2?x", "/v2/a/b/_uploads/2?x")]
    public async Task A_location_at_the_upstream_is_used_byte_for_byte(string location, string target)
    {
        using var alice = servers.Door.Client("alice");
        servers.Location = location.Replace("PORT", servers.VictimPort).Replace("SELF", servers.Upstream.Url);
        var upload = await alice.StartUpload("a/b");
        servers.Location = "/v2/a/b/blobs/uploads/1";
        using var patched = await alice.Do(HttpMethod.Patch, upload, RegistryClient.Push("a/b"), new ByteArrayContent([1]));
        await patched.ShouldBe(HttpStatusCode.Accepted);
        Assert.Equal(target.Replace("PORT", servers.VictimPort),
            servers.Upstream.Requests.Last(request => request.Method == "PATCH").Target);
    }

    [Fact]
    public async Task A_listing_without_end_costs_no_memory_and_goes_on_or_is_502()
    {
        using var alice = servers.Door.Client("alice");
        using (var first = await alice.Do(HttpMethod.Get, "/v2/list/small/tags/list", RegistryClient.Pull("list/small")))
        {
            await first.ShouldBe(HttpStatusCode.OK);
        }

        var before = servers.Door.ResidentBytes();
        using (var pages = await alice.Do(HttpMethod.Get, "/v2/list/pages/tags/list?n=1", RegistryClient.Pull("list/pages")))
        {
            await pages.ShouldBe(HttpStatusCode.OK);
            Assert.True(pages.Headers.Contains("Link"));
        }

        using (var page = await alice.Do(HttpMethod.Get, "/v2/list/page/tags/list?n=1", RegistryClient.Pull("list/page")))
        {
            var message = await page.ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE");
            Assert.Contains("'local'", message);
            Assert.Contains("64 MiB", message);
        }

        Assert.InRange(servers.Door.ResidentBytes() - before, long.MinValue, 64_000_000);
    }

    [Theory]
    [InlineData("same")]
    [InlineData("nowhere")]
    [InlineData("deep")]
    [InlineData("long")]
    [InlineData("array")]
    [InlineData("html")]
    [InlineData("cut")]
    public async Task A_listing_that_cannot_be_read_to_its_end_is_502_and_not_a_shorter_one(string kind)
    {
        using var alice = servers.Door.Client("alice");
        using var response = await alice.Do(HttpMethod.Get, $"/v2/list/{kind}/tags/list", RegistryClient.Pull($"list/{kind}"));
        Assert.True(response.StatusCode is HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable, $"{(int)response.StatusCode}");
        Assert.Contains("'local'", await response.Content.ReadAsStringAsync());
        Assert.Empty(servers.Victim.Requests);
    }

    [Fact]
    public async Task A_long_listing_in_any_order_is_complete()
    {
        using var alice = servers.Door.Client("alice");
        List<string> all = [];
        for (var next = "/v2/list/long-one/tags/list"; next is not null;)
        {
            using var response = await alice.Do(HttpMethod.Get, next, RegistryClient.Pull("list/long-one"));
            await response.ShouldBe(HttpStatusCode.OK);
            all.AddRange(JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("tags").EnumerateArray()
                .Select(tag => tag.GetString()!));
            next = response.Headers.TryGetValues("Link", out var link) ? link.Single()[1..link.Single().IndexOf('>')] : null;
        }

        Assert.Equal(Enumerable.Range(0, 3000).Select(tag => $"t{tag:0000}"), all);
        Assert.Empty(servers.Victim.Requests);
    }

    [Fact]
    public async Task A_catalog_with_a_part_missing_is_an_error_and_one_that_no_upstream_has_is_empty()
    {
        using var alice = servers.Door.Client("alice");
        foreach (var (answer, status) in new[] { (404, 200), (405, 200), (501, 200), (403, 200), (500, 502), (503, 502), (200, 200) })
        {
            servers.Catalog = answer;
            using var response = await alice.Do(HttpMethod.Get, "/v2/_catalog", "registry:catalog:*");
            Assert.True((int)response.StatusCode == status, $"{answer}: {(int)response.StatusCode}");
        }
    }

    /// <summary>The door, the upstream and somebody who must never be asked.</summary>
    public sealed class HostileServers : IAsyncLifetime
    {
        /// <summary>One name of the page, with its quotes and comma.</summary>
        private const int EntryBytes = 70;

        private static readonly byte[] Page = Encoding.ASCII.GetBytes(
            $"{{\"tags\":[{string.Join(',', Enumerable.Range(0, 110_000).Select(tag => $"\"{tag:0000000}{new string('x', 60)}\""))}]}}");

        internal RecordingUpstream Victim { get; private set; } = null!;

        internal RecordingUpstream Upstream { get; private set; } = null!;

        internal FrontDoor Door { get; private set; } = null!;

        internal string VictimPort => new Uri(Victim.Url).Port.ToString();

        internal string Location { get; set; } = "";

        internal int Catalog { get; set; } = 200;

        public async ValueTask InitializeAsync()
        {
            Victim = await RecordingUpstream.Agreeable();
            Upstream = await RecordingUpstream.Start(Answer);
            Door = await FrontDoor.Start(DoorConfiguration.Single(Upstream.Url));
        }

        public async ValueTask DisposeAsync()
        {
            await Door.DisposeAsync();
            await Upstream.DisposeAsync();
            await Victim.DisposeAsync();
        }

        private Task Answer(HttpContext context)
        {
            var path = context.Request.Path.Value!;
            if (path == "/v2/_catalog")
            {
                context.Response.StatusCode = Catalog;
                return context.Response.WriteAsync("""{"repositories":["a/b"]}""");
            }

            if (path.StartsWith("/v2/list/", StringComparison.Ordinal))
            {
                return List(context, path.Split('/')[3]);
            }

            if (path != "/v2/")
            {
                context.Response.StatusCode = 202;
                context.Response.Headers.Location = Location;
                context.Response.Headers.Range = "0-0";
            }

            return Task.CompletedTask;
        }

        private async Task List(HttpContext context, string kind)
        {
            var number = int.TryParse(context.Request.Query["p"], out var page) ? page : 0;
            context.Response.ContentType = "application/json";
            context.Response.Headers.Link = kind switch
            {
                "pages" => $"</v2/list/pages/tags/list?p={number + 1}>; rel=\"next\"",
                "same" => $"<{context.Request.Path}{context.Request.QueryString}>; rel=\"next\"",
                "nowhere" => $"</\\127.0.0.1:{VictimPort}/x?n=1>; rel=\"next\"",
                "long-one" when number < 5 => $"<{Victim.Url}/v2/list/long-one/tags/list?p={number + 1}>; rel=\"next\"",
                _ => default,
            };
            switch (kind)
            {
                case "page":
                    await context.Response.WriteAsync("{\"tags\":[\"a\",");
                    while (!context.RequestAborted.IsCancellationRequested)
                    {
                        await context.Response.Body.WriteAsync(Page.AsMemory(9, EntryBytes * 14_000), context.RequestAborted);
                    }

                    break;
                case "pages":
                    await context.Response.Body.WriteAsync(Page, context.RequestAborted);
                    break;
                case "long-one":
                    await context.Response.WriteAsync(
                        JsonSerializer.Serialize(
                            new { tags = Enumerable.Range(0, 500).Select(tag => $"t{(tag * 6) + (5 - number):0000}").Reverse() }));
                    break;
                default:
                    await context.Response.WriteAsync(kind switch
                    {
                        "deep" => $"{{\"tags\":{new string('[', 5000)}",
                        "long" => $"{{\"tags\":[\"{new string('a', 1_000_000)}\"]}}",
                        "array" => "[]",
                        "html" => "<html></html>",
                        "cut" => "{\"tags\":[\"a\"",
                        _ => "{\"tags\":[\"a\"]}",
                    });
                    break;
            }
        }
    }
}
