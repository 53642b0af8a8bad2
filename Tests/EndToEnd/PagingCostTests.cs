using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Gateway.Listings;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What a client that pages through a long listing costs the upstream, and what it gets when the listing is longer than that.</summary>
public sealed class PagingCostTests : IAsyncLifetime
{
    private const int Largest = 100;

    private string[] _names = [];
    private int _mostAllowed = Largest;
    private bool _ignoresSize;
    private RecordingUpstream _upstream = null!;
    private FrontDoor _door = null!;
    private RegistryClient _alice = null!;

    public async ValueTask InitializeAsync()
    {
        _upstream = await RecordingUpstream.Start(Answer);
        _door = await FrontDoor.Start(DoorConfiguration.Single(_upstream.Url));
        _alice = _door.Client("alice");
    }

    public async ValueTask DisposeAsync()
    {
        _alice.Dispose();
        await _door.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Theory]
    [InlineData("/v2/a/b/tags/list", "tags", 100)]
    [InlineData("/v2/a/b/tags/list", "tags", 1000)]
    [InlineData("/v2/_catalog", "repositories", 100)]
    [InlineData("/v2/_catalog", "repositories", 1000)]
    public async Task Each_page_is_asked_for_once_however_the_client_pages(string path, string member, int size)
    {
        _names = Names(12_000);
        Assert.Equal(_names, await ReadAll(path, member, size));
        Assert.Equal(120, Listings().Count);
        Assert.Equal(120, Listings().Distinct().Count());
        Assert.All(Listings(), target => Assert.InRange(SizeOf(target), 1, Largest));
    }

    [Fact]
    public async Task An_upstream_that_gives_all_at_once_is_asked_once()
    {
        (_names, _ignoresSize) = (Names(12_000), true);
        Assert.Equal(_names, await ReadAll("/v2/a/b/tags/list", "tags", 100));
        Assert.Single(Listings());
    }

    [Fact]
    public async Task A_listing_that_begins_anew_shows_what_is_new()
    {
        _names = Names(250);
        Assert.Equal(_names, await ReadAll("/v2/a/b/tags/list", "tags", 100));
        _names = Names(260);
        Assert.Equal(_names[..100], (await ReadPage("/v2/a/b/tags/list?n=100", "tags")).Names);
        Assert.Equal(_names, await ReadAll("/v2/a/b/tags/list", "tags", 100));
        var last = _names[^1];
        _names = Names(261);
        Assert.Equal([_names[^1]], (await ReadPage($"/v2/a/b/tags/list?last={last}", "tags")).Names);
    }

    [Theory]
    [InlineData(99)]
    [InlineData(50)]
    [InlineData(10)]
    [InlineData(1)]
    public async Task Pages_are_smaller_where_the_upstream_refuses_large_ones(int allowed)
    {
        (_names, _mostAllowed) = (Names(120), allowed);
        Assert.Equal(_names, await ReadAll("/v2/a/b/tags/list", "tags", 1000));
        Assert.Equal(_names, await ReadAll("/v2/_catalog", "repositories", 1000));
    }

    [Fact]
    public async Task A_listing_beyond_the_bound_goes_on_with_a_link()
    {
        _names = Names((UpstreamListing.MaxPages * Largest) + 20_050);
        Assert.Equal(_names, await ReadAll("/v2/a/b/tags/list", "tags", 1000));
        Assert.InRange(Listings().Count, 1, (_names.Length / Largest) + 3);
    }

    [Fact]
    public async Task A_listing_beyond_the_bound_that_is_in_no_order_is_an_error_and_never_looks_complete()
    {
        _names = [.. Names((UpstreamListing.MaxPages * Largest) + 200).Reverse()];
        using var page = await _alice.Do(HttpMethod.Get, "/v2/a/b/tags/list?n=1000", RegistryClient.Pull("a/b"));
        await page.ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE");
    }

    private static string[] Names(int count) => [.. Enumerable.Range(0, count).Select(number => $"v{number:000000}")];

    private Task Answer(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (!path.EndsWith("/tags/list", StringComparison.Ordinal) && path != "/v2/_catalog")
        {
            return context.Response.WriteAsync("{}");
        }

        var asked = int.Parse(context.Request.Query["n"]!, CultureInfo.InvariantCulture);
        if (asked > _mostAllowed && !_ignoresSize)
        {
            context.Response.StatusCode = 400;
            return context.Response.WriteAsync("""{"errors":[{"code":"PAGINATION_NUMBER_INVALID"}]}""");
        }

        var after = (string?)context.Request.Query["last"];
        var from = after is null or "" ? 0 : Array.IndexOf(_names, after) + 1;
        var page = _names[from..(_ignoresSize ? _names.Length : Math.Min(from + asked, _names.Length))];
        if (from + page.Length < _names.Length)
        {
            context.Response.Headers.Link = $"<{path}?n={asked}&last={page[^1]}>; rel=\"next\"";
        }

        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(JsonSerializer.Serialize(
            new Dictionary<string, object> { ["name"] = "a/b", [path == "/v2/_catalog" ? "repositories" : "tags"] = page }));
    }

    private List<string> Listings() =>
        [.. _upstream.Requests.Select(request => request.Target).Where(target => target.Contains("n=", StringComparison.Ordinal))];

    private static int SizeOf(string target) =>
        int.Parse(target.Split("n=")[1].Split('&')[0], CultureInfo.InvariantCulture);

    private async Task<List<string>> ReadAll(string path, string member, int size)
    {
        List<string> names = [];
        for (string? next = $"{path}?n={size}"; next is not null;)
        {
            (var page, next) = await ReadPage(next, member);
            Assert.InRange(page.Count, 1, size);
            names.AddRange(page);
        }

        return names;
    }

    private async Task<(List<string> Names, string? Next)> ReadPage(string target, string member)
    {
        using var response = await _alice.Do(
            HttpMethod.Get, target, member == "tags" ? RegistryClient.Pull("a/b") : "registry:catalog:*");
        await response.ShouldBe(HttpStatusCode.OK);
        var page = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty(member).EnumerateArray()
            .Select(name => name.GetString()!).ToList();
        return (page, response.Headers.TryGetValues("Link", out var link) ? link.Single()[1..link.Single().IndexOf('>')] : null);
    }
}
