using System.Globalization;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Browser;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Clustering;

/// <summary>The operator page of a cluster of two silos and two gateways: what all of them do is on the page of any silo.</summary>
[Collection(BrowserCollection.Name)]
public sealed class OperatorViewTests
{
    private static readonly TestImage Image = TestImage.Build(840, 1000);

    [Fact]
    public async Task The_page_adds_up_what_gateways_do_and_shows_what_is_wrong()
    {
        var failing = false;
        await using var upstream = await RecordingUpstream.Start(context => Serve(context, failing));
        await using var cluster = await DoorCluster.Start(
            upstream.Url, silos: 2, gateways: 2,
            extraUpstream: ", credentials: { type: basic, username: robot, password: { value: view-canary } }");
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Open($"{cluster.Silos.Last().AdminUrl}/");
        await browser.WaitFor("#state.good");
        await Eventually.True(async () => await Rows("silo") == 2 && await Rows("gateway") == 2, "both silos and both gateways are there");
        Assert.Equal(4, await Number(
            "[...document.querySelectorAll('#processes tbody tr')].filter(row => " +
            "/^\\d+\\.\\d+\\.\\d+/.test(row.cells[2].textContent)).length"));

        await Pull(cluster.Gateways.First(), 3);
        await Pull(cluster.Gateways.Last(), 4);
        await Eventually.True(async () => await Cell("repositories", 0, 2) == "7", "pulls of both gateways are added up");
        Assert.Equal("view/app", await Cell("repositories", 0, 0));
        await Eventually.True(async () => (await Cell("upstreams", 0, 3)).StartsWith("in ", StringComparison.Ordinal),
            "the token of the upstream expires");
        Assert.Equal("healthy", await Cell("upstreams", 0, 5));

        // Both are busy: the rates of both count, and errors when the upstream fails.
        await Eventually.True(
            async () =>
            {
                await Task.WhenAll(cluster.Gateways.Select(gateway => Pull(gateway, 10)));
                return double.Parse(await Cell("tenants", 0, 2), CultureInfo.InvariantCulture) > 0;
            },
            "there are requests each second");
        failing = true;
        await Eventually.True(
            async () =>
            {
                await Task.WhenAll(cluster.Gateways.Select(gateway => Pull(gateway, 10)));
                return double.Parse(await Cell("tenants", 0, 4), CultureInfo.InvariantCulture) > 0
                    && (await Cell("upstreams", 0, 5)).StartsWith("failing", StringComparison.Ordinal);
            },
            "there are errors each second, and the upstream fails");

        cluster.Gateways.Last().Process.Kill();
        await Eventually.True(async () => (await browser.Text("#processes")).Contains("silent for"), "a gateway that died is silent");

        Task<string> Cell(string table, int row, int cell) =>
            browser.Evaluate($"document.querySelector('#{table} tbody').rows[{row}]?.cells[{cell}]?.textContent ?? ''");

        Task<double> Rows(string kind) =>
            Number($"[...document.querySelectorAll('#processes tbody tr')].filter(row => row.cells[0].textContent === '{kind}').length");

        async Task<double> Number(string expression) =>
            double.Parse(await browser.Evaluate($"String({expression})"), CultureInfo.InvariantCulture);
    }

    private static async Task Pull(DoorCluster.Member gateway, int times)
    {
        using var alice = gateway.Client("alice");
        for (var i = 0; i < times; i++)
        {
            (await alice.GetManifest("view/app", "v1")).Dispose();
        }
    }

    private static async Task Serve(HttpContext context, bool failing)
    {
        if (context.Request.Path == "/token")
        {
            await context.Response.WriteAsync("""{"token":"view-token","expires_in":300}""");
        }
        else if (context.Request.Headers.Authorization != "Bearer view-token")
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{context.Request.Host}/token\",service=\"here\"";
        }
        else if (failing)
        {
            context.Response.StatusCode = 503;
        }
        else if (context.Request.Path != "/v2/")
        {
            context.Response.ContentType = TestImage.OciManifest;
            await context.Response.Body.WriteAsync(Image.Manifest.Bytes);
        }
    }
}
