using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Gateway.Listings;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// A catalog of many routes, none of which is read to its end for one request: their positions together are longer than what a
/// <c>Link</c> has room for.
/// </summary>
public sealed class LongCatalogTests
{
    private const int Routes = 12;

    /// <summary>So much that no other page is read for the same request; none of it is the name of a repository.</summary>
    private static readonly string Filling = string.Concat(Enumerable.Repeat(
        $"\"{new string('X', NameReader.MaxName)}\",", (ListedNames.MaxBytes * 3 / 4 / NameReader.MaxName) + 1));

    [Theory]
    [InlineData(10)]
    [InlineData(700)]
    [InlineData(3000)]
    public async Task It_goes_on_until_all_were_read(int addressLength)
    {
        await using var upstream = await RecordingUpstream.Start(context => Answer(context, new string('x', addressLength)));
        await using var door = await LeasedDoors.Take($$"""
            upstreams:
            {{Lines(number => $"  up-{number}: {{ url: \"{upstream.Url}\", allowPrivate: true }}")}}
            authenticators: { staff: { type: htpasswd, file: htpasswd } }
            tenants:
              acme:
                hosts: ["*"]
                authenticators: [staff]
                routes:
            {{Lines(number => $"      - {{ prefix: r{number}, upstream: up-{number} }}")}}
                access: [{ name: alice, who: ["user:alice"], repositories: ["**"], actions: [pull, catalog] }]
            """);
        using var alice = door.Client("alice");
        List<string> read = [];
        for (string? next = "/v2/_catalog?n=7"; next is not null;)
        {
            using var page = await alice.Do(HttpMethod.Get, next, "registry:catalog:*");
            await page.ShouldBe(HttpStatusCode.OK);
            read.AddRange(JsonDocument.Parse(await page.Content.ReadAsStringAsync()).RootElement.GetProperty("repositories")
                .EnumerateArray().Select(name => name.GetString()!));
            next = page.Headers.TryGetValues("Link", out var link) ? link.Single()[1..link.Single().IndexOf('>')] : null;
        }

        Assert.Equal(
            Enumerable.Range(0, Routes).SelectMany(number => Enumerable.Range(0, 6).Select(name => $"r{number}/n{name}")).Order(),
            read.Order());
    }

    /// <summary>Two pages of three names each.</summary>
    private static Task Answer(HttpContext context, string cursor)
    {
        if (context.Request.Path != "/v2/_catalog")
        {
            return Task.CompletedTask;
        }

        var isFirst = !context.Request.Query.ContainsKey("next_page");
        context.Response.Headers.Link = isFirst ? $"</v2/_catalog?next_page={cursor}>; rel=\"next\"" : default;
        return context.Response.WriteAsync(
            $$"""{"repositories":[{{(isFirst ? Filling : "")}}{{(isFirst ? "\"n4\",\"n1\",\"n5\"" : "\"n0\",\"n3\",\"n2\"")}}]}""");
    }

    private static string Lines(Func<int, string> line) => string.Join('\n', Enumerable.Range(0, Routes).Select(line));
}
