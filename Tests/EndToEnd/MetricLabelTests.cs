using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What labels of metrics say comes from the configuration and the code: nothing that clients send makes a new series.</summary>
public sealed class MetricLabelTests
{
    private const string Mark = "zqxmark";
    private const int Rounds = 30;

    [Fact]
    public async Task Clients_make_no_series()
    {
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            context.Response.StatusCode = context.Request.Path == "/v2/" || context.Request.Path.Value!.Contains("good") ? 200 : 404;
            await context.Response.Body.WriteAsync(new byte[10]);
        });
        await using var door = await FrontDoor.Start(CacheTests.Yaml(upstream.Url));
        await Requests(door, 0);
        var before = Series(await door.Admin("/metrics"));
        await Requests(door, 1);
        var text = await door.Admin("/metrics");
        Assert.DoesNotContain(Mark, text, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(before.Order(), Series(text).Order());
        Assert.Contains(before, series =>
            series.StartsWith("registryproxy_requests", StringComparison.Ordinal)
                || series.StartsWith("registryproxy_gateway", StringComparison.Ordinal));
        Assert.Contains(before, series => series.StartsWith("http_server_request_duration", StringComparison.Ordinal));

        // Those of Orleans are there too.
        Assert.Contains("orleans_catalog_activations{", text);
        Assert.Contains("orleans_grains{", text);
    }

    /// <summary>Every kind of request, each time with other names.</summary>
    private static async Task Requests(FrontDoor door, int batch)
    {
        for (var round = 0; round < Rounds; round++)
        {
            var name = $"{Mark}-{batch}-{round}";
            using var alice = door.Client("alice");
            (await alice.GetManifest($"{name}/app", "v1")).Dispose();
            (await alice.GetManifest($"good/{name}", name)).Dispose();
            (await alice.GetBlob($"{name}/app", TestBlob.Random(850 + round + (batch * 1000), 10).Digest, ("User-Agent", name),
                ("Accept", $"application/{name}"))).Dispose();
            (await alice.Do(HttpMethod.Get, $"/v2/{name}/tags/list?n={round}&last={name}", RegistryClient.Pull($"{name}/app"))).Dispose();
            (await alice.Do(HttpMethod.Post, $"/v2/{name}/blobs/uploads/", RegistryClient.Push(name))).Dispose();
            (await alice.Send(new HttpMethod($"ZQX{batch}{round}"), $"/v2/{name}/blobs/uploads/{name}")).Dispose();
            (await alice.Send(HttpMethod.Get, $"/{name}?{name}={name}", name)).Dispose();
            (await alice.Send(HttpMethod.Get, "/v2/", null, null, ("Host", $"{name}.example"))).Dispose();
            (await alice.RequestToken([$"repository:{name}:pull", $"{name}:x:y"], $"&client_id={name}")).Dispose();
            using var nobody = new RegistryClient(door.DataUrl, name, name);
            (await nobody.RequestToken([RegistryClient.Pull(name)])).Dispose();
            await RawHttp.Exchange(door.DataUrl, $"{name} / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
        }
    }

    /// <summary>The names and labels of what we, Kestrel and ASP.NET Core count.</summary>
    private static HashSet<string> Series(string text) =>
    [
        .. text.Split('\n').Where(
            line => line.StartsWith("registryproxy_", StringComparison.Ordinal) || line.StartsWith("http_", StringComparison.Ordinal)
            || line.StartsWith("kestrel_", StringComparison.Ordinal)).Select(line => line[..(line.LastIndexOf('}') + 1)]),
    ];
}
