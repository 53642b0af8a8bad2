using System.Net;
using System.Text;
using System.Text.Json;
using RegistryProxy.Gateway.Listings;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Gateway.Upstreams.Transport;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Gateway;

/// <summary>Listings and manifests of upstreams, read without keeping more than is answered.</summary>
public sealed class ListingReadingTests
{
    private static readonly UpstreamToken Token = new()
    {
        Generation = 1, RefreshAfter = DateTimeOffset.MaxValue, Expires = DateTimeOffset.MaxValue
    };

    [Theory]
    [InlineData("""{"tags":["a","b"]}""", "a b")]
    [InlineData("""{"name":"x","tags":null}""", "")]
    [InlineData("""{"name":"x"}""", "")]
    [InlineData("""{"child":["x"],"manifest":{"tags":["y"]},"tags":["a",1,["z"],{"tags":"q"},"\u0062","\ud800","é"],"other":["w"]}""",
        "a b")]
    public void Names_are_those_of_the_list_however_the_body_is_cut(string body, string expected)
    {
        for (var piece = 1; piece <= body.Length; piece++)
        {
            Assert.Equal(expected, string.Join(' ', Read(body, piece)));
        }
    }

    [Theory]
    [InlineData("""{"errors":[{"code":"UNAUTHORIZED"}]}""", true)]
    [InlineData("""{"message":"try again"}""", true)]
    [InlineData("""{"name":"x","errors":[],"tags":[]}""", false)]
    [InlineData("""{"name":"x","tags":[{"errors":[]}]}""", false)]
    [InlineData("""{"name":"x","child":{"errors":[]}}""", false)]
    [InlineData("{}", false)]
    public void An_error_is_no_list_without_names(string body, bool isError)
    {
        var reader = new NameReader("tags", _ => { });
        reader.Read(Encoding.UTF8.GetBytes(body), isFinal: true);
        Assert.Equal(isError, reader.IsError);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("\"x\"")]
    [InlineData("<html>")]
    [InlineData("""{"tags":["a"]""")]
    [InlineData("""{"tags":["a"]}{}""")]
    public void What_is_not_an_object_is_refused(string body) => Assert.ThrowsAny<JsonException>(() => Read(body, 3));

    [Fact]
    public void Nesting_and_long_texts_are_bounded()
    {
        Assert.ThrowsAny<JsonException>(() => Read($"{{\"tags\":{new string('[', 1000)}", 100));
        Assert.Equal(["b"], Read($$"""{"tags":["{{new string('a', NameReader.MaxName + 1)}}","b"]}""", 4096));
    }

    [Fact]
    public void A_page_is_what_sorting_everything_would_give()
    {
        var random = new Random(7);
        for (var round = 0; round < 300; round++)
        {
            var all = Enumerable.Range(0, random.Next(60)).Select(_ => $"{(char)('A' + random.Next(60))}{random.Next(20)}").ToList();
            var (size, last) = (random.Next(12), random.Next(3) == 0 ? "" : $"{(char)('A' + random.Next(60))}");
            var page = new PageEntries(new Page(size, true, last));
            all.ForEach(page.Add);
            var rest = all.Where(name => string.CompareOrdinal(name, last) > 0).Distinct().Order(StringComparer.Ordinal).ToList();
            Assert.Equal(rest.Take(size), page.Entries);
            Assert.Equal(size > 0 && rest.Count > size ? rest[size - 1] : null, page.Next);
        }
    }

    [Theory]
    [InlineData(null, null, true)]
    [InlineData("</v2/x/tags/list?n=1&last=a>; rel=\"next\"", "n=1&last=a", true)]
    [InlineData("<https://elsewhere.example/v2/x?n=1>; rel=next", "n=1", true)]
    [InlineData("<?n=1>; rel=\"next\"", "n=1", true)]
    [InlineData("</v2/x?page=9>; rel=\"last\"", null, true)]
    [InlineData("</v2/x?page=9>; rel=\"last\", </v2/x?page=2>; rel=\"next\"", "page=2", true)]
    [InlineData("</v2/x?page=9>; rel=\"last\"; title=\"next\"", null, true)]
    [InlineData("</v2/x?page=9>; rel=\"last\"; title=\"a, </v2/x?page=3>; rel=next\"", null, true)]
    [InlineData("</v2/x?page=9>; rel=\"last\"; title=\"a \\\" ; rel=next\"; media=next", null, true)]
    [InlineData("</v2/x?next=9>; rev=\"next\"", null, true)]
    [InlineData("</v2/x?page=9>; rel=nextish, </v2/x?page=8>; nextrel=next", null, true)]
    [InlineData("</v2/x?page=9>; rel=last; rel=next", null, true)]
    [InlineData("</v2/x?page=2>; title=\"x;y,z\"; type = text/html ; REL = \"prefetch NEXT\"", "page=2", true)]
    [InlineData("</v2/x?page=9>;rel=last,</v2/x?last=a,b;c>;rel=next", "last=a,b;c", true)]
    [InlineData("</v2/x?page=2>; ; crossorigin; rel=next", "page=2", true)]
    [InlineData("</v2/x?page=2> rel=x; rel=\"next\"", "page=2", true)]
    [InlineData("</v2/x?page=2; rel=\"next\"", "", false)]
    [InlineData("/v2/x?page=2; rel=\"next\"", "page=2", true)]
    [InlineData("</v2/x?page=9>; rel=\"last", null, true)]
    [InlineData("foo", null, true)]
    [InlineData("</v2/x?page=9>; rel=\"last\", foo", null, true)]
    [InlineData(" , ,", null, true)]
    [InlineData("<>; rel=\"next\"", "", false)]
    [InlineData("</v2/x>; rel=\"next\"", "", true)]
    [InlineData("<javascript:x>; rel=\"next\"", "", false)]
    [InlineData("</\\evil?n=1>; rel=\"next\"", "", false)]
    public void A_link_is_read_by_its_grammar(string? link, string? query, bool good)
    {
        using var response = Answer([]);
        if (link is not null)
        {
            response.Headers.TryAddWithoutValidation("Link", link);
        }

        Assert.Equal(good, LinkHeader.TryNext(response, "/v2/x/tags/list", out var next));
        Assert.Equal(query, good ? next?.Query : query);
    }

    /// <summary>Whatever origin a link names, the next page is asked for where this one was.</summary>
    [Theory]
    [InlineData("/v2/x/tags/list?last=b", "/v2/x/tags/list?last=b")]
    [InlineData("?last=b", "/v2/x/tags/list?last=b")]
    [InlineData("list?last=b", "/v2/x/tags/list?last=b")]
    [InlineData("http://registry.example/v2/x/tags/list?last=b", "/v2/x/tags/list?last=b")]
    [InlineData("http://internal:5000/v2/x/tags/list?last=b", "/v2/x/tags/list?last=b")]
    [InlineData("https://169.254.169.254/v2/x/tags/list?last=b", "/v2/x/tags/list?last=b")]
    [InlineData("//evil.example/v2/x/tags/list?last=b", "/v2/x/tags/list?last=b")]
    [InlineData("https://internal/repository/docker/v2/x/tags/list?last=b", "/v2/x/tags/list?last=b")]
    [InlineData("/artifactory/api/docker/local/v2/x/tags/list?last=b&n=100", "/v2/x/tags/list?last=b&n=100")]
    [InlineData("/v2/x/tags/list/page/2", "/v2/x/tags/list/page/2")]
    [InlineData("/v2/_next?token=b%2Fc%3D", "/v2/_next?token=b%2Fc%3D")]
    [InlineData("/v2/x/tags/list?last=b#more", "/v2/x/tags/list?last=b")]
    [InlineData("/admin/tags?last=b", null)]
    [InlineData("/v2/../admin?last=b", null)]
    [InlineData("/v2/x/tags/list?n=1000", null)]
    [InlineData("/v2", null)]
    [InlineData("ftp://registry.example/v2/x/tags/list?last=b", null)]
    [InlineData("javascript:alert(1)", null)]
    [InlineData("https://user:pw@registry.example/v2/x/tags/list?last=b", null)]
    public void Of_a_link_the_path_and_query_count_and_the_origin_is_the_upstreams_own(string link, string? next)
    {
        using var response = Answer([]);
        response.Headers.TryAddWithoutValidation("Link", $"<{link}>; rel=\"next\"");
        Assert.Equal(next is not null, LinkHeader.TryNext(response, "/v2/x/tags/list", out var page));
        Assert.Equal(next, next is null ? null : page?.Text);
    }

    [Fact]
    public async Task Bodies_of_one_upstream_have_a_bound_together()
    {
        var upstream = UpstreamOf("local");
        var body = new byte[1024 * 1024];
        Assert.Equal(body.Length, (await BoundedBody.Read(Answer(body, upstream), body.Length, default)).Length);
        Assert.Equal(body.Length, (await BoundedBody.Read(Answer(body, upstream, sized: false), body.Length, default)).Length);
        Assert.Empty(await BoundedBody.Read(Answer([], upstream), 10, default));
        Assert.Empty(await BoundedBody.Read(Answer([], upstream, sized: false), 10, default));
        foreach (var sized in new[] { true, false })
        {
            await Assert.ThrowsAsync<BodyTooLargeException>(
                () => BoundedBody.Read(Answer(body, upstream, sized), body.Length - 1, default));
        }

        using var held = upstream.Bodies.Hold(default);
        held.Take((int)BodyAllowance.MaxBytes / 2);
        await Assert.ThrowsAsync<TooManyBodiesException>(() => BoundedBody.Read(Answer(body, upstream), body.Length, default));
        await Assert.ThrowsAsync<TooManyBodiesException>(
            () => BoundedBody.Read(Answer(body, upstream, sized: false), body.Length, default));
        var (moved, small) = (0, Answer(body[..1000], upstream, sized: false));
        using (var part = BoundedBody.Hold(small))
        {
            await BoundedBody.Read(small, part, body.Length, default, bytes => moved += bytes);
        }

        Assert.Equal(1000, moved);
        Assert.Equal(1000, (await BoundedBody.Read(Answer(body[..1000], upstream), body.Length, default)).Length);
        Assert.Equal(body.Length, (await BoundedBody.Read(Answer(body, UpstreamOf("other")), body.Length, default)).Length);
        held.Dispose();
        Assert.Equal(body.Length, (await BoundedBody.Read(Answer(body, upstream), body.Length, default)).Length);
    }

    [Fact]
    public async Task What_an_upstream_only_promises_takes_nothing_from_others()
    {
        var upstream = UpstreamOf("local");
        using var stop = new CancellationTokenSource();
        var stalled = Enumerable.Range(0, 100).Select(_ =>
        {
            var answer = Answer([], upstream);
            answer.Content = new StreamContent(new System.IO.Pipelines.Pipe().Reader.AsStream());
            answer.Content.Headers.ContentLength = Manifest.MaxBytes;
            return BoundedBody.Read(answer, (int)Manifest.MaxBytes, stop.Token);
        }).ToList();
        Assert.All(stalled, reading => Assert.False(reading.IsCompleted));
        var body = new byte[Manifest.MaxBytes];
        Assert.Equal(body.Length, (await BoundedBody.Read(Answer(body, upstream), body.Length, default)).Length);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(stalled));
    }

    private static Upstream UpstreamOf(string name) =>
        new(new UpstreamSnapshot { Name = name, Url = new Uri("https://registry.example") }, []);

    private static HttpResponseMessage Answer(byte[] body, Upstream? upstream = null, bool sized = true)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "https://registry.example/v2/x/tags/list?n=1000");
        new UpstreamCall(upstream ?? UpstreamOf("local"), new UpstreamTokenKey("local", ""), Token, true, false, CallKind.Listing, default)
            .AttachTo(request);
        return new HttpResponseMessage(HttpStatusCode.OK)
        {
            RequestMessage = request, Content = sized ? new ByteArrayContent(body) : new StreamContent(new Unsized(body))
        };
    }

    private static List<string> Read(string body, int piece)
    {
        List<string> names = [];
        var (reader, octets, held) = (new NameReader("tags", name => names.Add(name.ToString())), Encoding.UTF8.GetBytes(body),
            Array.Empty<byte>());
        for (var at = 0; at < octets.Length; at += piece)
        {
            held = [.. held, .. octets.AsSpan(at, Math.Min(piece, octets.Length - at))];
            held = held[reader.Read(held, isFinal: false)..];
        }

        reader.Read(held, isFinal: true);
        return names;
    }

    private sealed class Unsized(byte[] body) : MemoryStream(body)
    {
        public override bool CanSeek => false;
    }
}
