using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Gateway.Listings;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// What a client that pages through a long listing costs the upstream, and what it gets when the listing is longer than that.
/// </summary>
public sealed class PagingCostTests(PagingUpstream upstream) : IClassFixture<PagingUpstream>
{
    private const int Largest = PagingUpstream.Largest;

    private readonly string _path = upstream.Begin();

    [Theory]
    [InlineData("tags", 100)]
    [InlineData("tags", 1000)]
    [InlineData("repositories", 100)]
    [InlineData("repositories", 1000)]
    public async Task Each_page_is_asked_for_once_however_the_client_pages(string member, int size)
    {
        upstream.Names = Names(12_000);
        Assert.Equal(upstream.Names, await ReadAll(member, size));
        Assert.Equal(120, upstream.Listings().Count);
        Assert.Equal(120, upstream.Listings().Distinct().Count());
        Assert.All(upstream.Listings(), target => Assert.InRange(SizeOf(target), 1, Largest));
    }

    [Fact]
    public async Task An_upstream_that_gives_all_at_once_is_asked_once()
    {
        (upstream.Names, upstream.IgnoresSize) = (Names(12_000), true);
        Assert.Equal(upstream.Names, await ReadAll("tags", 100));
        Assert.Single(upstream.Listings());
    }

    [Fact]
    public async Task A_listing_that_begins_anew_shows_what_is_new()
    {
        upstream.Names = Names(250);
        Assert.Equal(upstream.Names, await ReadAll("tags", 100));
        upstream.Names = Names(260);
        Assert.Equal(upstream.Names[..100], (await ReadPage($"{_path}?n=100", "tags")).Names);
        Assert.Equal(upstream.Names, await ReadAll("tags", 100));
        var last = upstream.Names[^1];
        upstream.Names = Names(261);
        Assert.Equal([upstream.Names[^1]], (await ReadPage($"{_path}?last={last}", "tags")).Names);
    }

    [Theory]
    [InlineData(99)]
    [InlineData(50)]
    [InlineData(10)]
    [InlineData(1)]
    public async Task Pages_are_smaller_where_the_upstream_refuses_large_ones(int allowed)
    {
        (upstream.Names, upstream.MostAllowed) = (Names(120), allowed);
        Assert.Equal(upstream.Names, await ReadAll("tags", 1000));
        Assert.Equal(upstream.Names, await ReadAll("repositories", 1000));
    }

    [Fact]
    public async Task A_listing_beyond_the_bound_goes_on_with_a_link()
    {
        upstream.Names = Names((UpstreamListing.MaxPages * Largest) + 20_050);
        Assert.Equal(upstream.Names, await ReadAll("tags", 1000));
        Assert.InRange(upstream.Listings().Count, 1, (upstream.Names.Length / Largest) + 3);
    }

    [Theory]
    [InlineData("tags")]
    [InlineData("repositories")]
    public async Task A_listing_beyond_the_bound_that_is_in_no_order_goes_on_with_a_link_in_sections_of_order(string member)
    {
        upstream.Names = [.. Names((2 * UpstreamListing.MaxPages * Largest) + 250).Reverse()];
        var read = await ReadAll(member, 1000);
        Assert.Equal(upstream.Names.Reverse(), read.Order(StringComparer.Ordinal));
        var section = UpstreamListing.MaxPages * Largest;
        Assert.Equal(upstream.Names[..section].Reverse(), read[..section]);
        Assert.Equal(upstream.Names[section..(2 * section)].Reverse(), read[section..(2 * section)]);
        Assert.Equal(upstream.Listings().Count, upstream.Listings().Distinct().Count());
    }

    /// <summary>The first section of names is in order, as it may be by accident; what comes after it is smaller.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task No_tag_is_lost_where_the_order_is_ascending_only_at_first(bool followsLinks)
    {
        var names = Names((UpstreamListing.MaxPages * Largest) + 250);
        upstream.Names = [.. names[250..], .. names[..250]];
        var read = await ReadAll("tags", 1000, followsLinks);
        Assert.Equal(followsLinks ? upstream.Names : names[250..], read);
        Assert.InRange(upstream.Listings().Count, 1, (names.Length / Largest) + 5);
    }

    [Fact]
    public async Task Clients_that_make_the_next_page_of_the_last_name_get_all_that_comes_after_it()
    {
        upstream.Names = Names((UpstreamListing.MaxPages * Largest) + 250);
        List<string> read = [upstream.Names[^1500]];
        for (var page = read; page.Count > 0; read.AddRange(page))
        {
            (page, _) = await ReadPage($"{_path}?n=1000&last={read[^1]}", "tags");
        }

        Assert.Equal(upstream.Names[^1500..], read);
    }

    [Theory]
    [InlineData("tags", 250)]
    [InlineData("tags", 200)]
    [InlineData("repositories", 101)]
    public async Task An_upstream_that_gives_no_more_than_it_is_asked_for_and_no_link_is_read_to_its_end(string member, int count)
    {
        (upstream.Names, upstream.HasNoLinks) = (Names(count), true);
        Assert.Equal(upstream.Names, await ReadAll(member, 1000));
        Assert.Equal((count / Largest) + 1, upstream.Listings().Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_upstream_with_as_many_names_as_one_page_has_no_others(bool refusesLast)
    {
        (upstream.Names, upstream.HasNoLinks, upstream.IgnoresLast, upstream.RefusesLast) = (Names(Largest), true, true, refusesLast);
        Assert.Equal(upstream.Names, await ReadAll("tags", 1000));
        Assert.Equal(2, upstream.Listings().Count);
    }

    [Fact]
    public async Task A_position_opens_what_it_was_given_for_and_nothing_else()
    {
        upstream.Names = [.. Names((UpstreamListing.MaxPages * Largest) + 200).Reverse()];
        var next = (await ReadPage($"{_path}?n=1000", "tags")).Next!;
        Assert.Equal(1000, (await ReadPage(next, "tags")).Names.Count);
        var scopes = $"registry:catalog:* {RegistryClient.Pull(_path[4.._path.IndexOf("/tags/")])} {RegistryClient.Pull("a/other")}";
        var query = next.Split('?')[1];
        foreach (var other in new[] { $"{_path}?n=10&next=AAAA", $"/v2/a/other/tags/list?{query}", $"/v2/_catalog?{query}" })
        {
            using var refused = await upstream.Alice.Do(HttpMethod.Get, other, scopes);
            await refused.ShouldFail(HttpStatusCode.BadRequest, "UNSUPPORTED");
        }
    }

    [Fact]
    public async Task Pages_that_lead_round_in_a_circle_are_an_error()
    {
        (upstream.Names, upstream.IsCircle) = (Names(500), true);
        using var page = await Get($"{_path}?n=1000", "tags");
        await page.ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE");
    }

    private static string[] Names(int count) => [.. Enumerable.Range(0, count).Select(number => $"v{number:000000}")];

    private static int SizeOf(string target) =>
        int.Parse(target.Split("n=")[1].Split('&')[0], CultureInfo.InvariantCulture);

    private Task<HttpResponseMessage> Get(string target, string member) => upstream.Alice.Do(
        HttpMethod.Get, target, member == "tags" ? RegistryClient.Pull(_path[4.._path.IndexOf("/tags/")]) : "registry:catalog:*");

    private async Task<List<string>> ReadAll(string member, int size, bool followsLinks = true)
    {
        List<string> names = [];
        var path = $"{(member == "tags" ? _path : "/v2/_catalog")}?n={size}";
        for (var next = path; next is not null;)
        {
            (var page, next) = await ReadPage(next, member);
            Assert.InRange(page.Count, followsLinks ? 1 : 0, size);
            names.AddRange(page);
            next = followsLinks || next is null ? next : page.Count < size ? null : $"{path}&last={page[^1]}";
        }

        return names;
    }

    private async Task<(List<string> Names, string? Next)> ReadPage(string target, string member)
    {
        using var response = await Get(target, member);
        await response.ShouldBe(HttpStatusCode.OK);
        var page = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty(member).EnumerateArray()
            .Select(name => name.GetString()!).ToList();
        return (page, response.Headers.TryGetValues("Link", out var link) ? link.Single()[1..link.Single().IndexOf('>')] : null);
    }
}

/// <summary>A front door before an upstream that has as many names as a test says, and gives them page by page.</summary>
public sealed class PagingUpstream : IAsyncLifetime
{
    public const int Largest = 100;

    private RecordingUpstream _upstream = null!;
    private FrontDoor _door = null!;
    private int _count;

    public string[] Names { get; set; } = [];

    public int MostAllowed { get; set; }

    public bool IgnoresSize { get; set; }

    /// <summary>Whether the last page leads to the second.</summary>
    public bool IsCircle { get; set; }

    public bool HasNoLinks { get; set; }

    public bool IgnoresLast { get; set; }

    public bool RefusesLast { get; set; }

    internal RegistryClient Alice { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _upstream = await RecordingUpstream.Start(Answer);
        _door = await FrontDoor.Start(DoorConfiguration.Single(_upstream.Url));
        Alice = _door.Client("alice");
    }

    public async ValueTask DisposeAsync()
    {
        Alice.Dispose();
        await _door.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    /// <summary>Begins a test: its listing of tags.</summary>
    public string Begin()
    {
        (Names, MostAllowed, IgnoresSize, IsCircle) = ([], Largest, false, false);
        (HasNoLinks, IgnoresLast, RefusesLast) = (false, false, false);
        _upstream.Requests.Clear();
        return $"/v2/a/b{++_count}/tags/list";
    }

    public List<string> Listings() =>
        [.. _upstream.Requests.Select(request => request.Target).Where(target => target.Contains("n=", StringComparison.Ordinal))];

    private Task Answer(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (!path.EndsWith("/tags/list", StringComparison.Ordinal) && path != "/v2/_catalog")
        {
            return context.Response.WriteAsync("{}");
        }

        var asked = int.Parse(context.Request.Query["n"]!, CultureInfo.InvariantCulture);
        if (asked > MostAllowed && !IgnoresSize)
        {
            context.Response.StatusCode = 400;
            return context.Response.WriteAsync("""{"errors":[{"code":"PAGINATION_NUMBER_INVALID"}]}""");
        }

        var after = (string?)context.Request.Query["last"];
        if (RefusesLast && after is not null)
        {
            context.Response.StatusCode = 404;
            return context.Response.WriteAsync("""{"errors":[{"code":"NAME_UNKNOWN"}]}""");
        }

        var from = IgnoresLast || after is null or "" ? 0 : Array.IndexOf(Names, after) + 1;
        var page = Names[from..(IgnoresSize ? Names.Length : Math.Min(from + asked, Names.Length))];
        if (from + page.Length < Names.Length && !HasNoLinks)
        {
            context.Response.Headers.Link = $"<{path}?n={asked}&last={page[^1]}>; rel=\"next\"";
        }

        else if (IsCircle)
        {
            context.Response.Headers.Link = $"<{path}?n={asked}&last={Names[asked - 1]}>; rel=\"next\"";
        }

        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(JsonSerializer.Serialize(
            new Dictionary<string, object> { ["name"] = "a/b", [path == "/v2/_catalog" ? "repositories" : "tags"] = page }));
    }
}
