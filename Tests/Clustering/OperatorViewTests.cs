using System.Globalization;
using System.Text.Json;
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
        await browser.WaitFor("#problems");
        await Eventually.True(async () => await Rows("silo") == 2 && await Rows("gateway") == 2, "both silos and both gateways are there");

        await Pull(cluster.Gateways.First(), 3);
        await Pull(cluster.Gateways.Last(), 4);
        await Eventually.True(async () => await Cell("repositories", 0, 2) == "7", "pulls of both gateways are added up");
        Assert.Equal("view/app", await Cell("repositories", 0, 0));
        await Go("upstreams");
        await Eventually.True(async () => (await Cell("upstreams", 0, 3)).StartsWith("in ", StringComparison.Ordinal),
            "the token of the upstream expires");
        Assert.EndsWith("healthy", await Cell("upstreams", 0, 1));
        await Eventually.True(async () => await Cell("upstreams", 0, 5) is not ("" or "0"), "requests to it are counted");

        // Both are busy: the hour of both counts, and errors when the upstream fails.
        await Go("tenants");
        await Eventually.True(async () => await Cell("tenants", 0, 6) == "7", "the pulls of both are those of the hour");
        failing = true;
        await Eventually.True(
            async () =>
            {
                await Task.WhenAll(cluster.Gateways.Select(gateway => Pull(gateway, 10)));
                return await Cell("tenants", 0, 5) is not ("" or "0");
            },
            "there are errors");
        await Go("");
        await Eventually.True(async () => (await browser.Text("#problems")) is var problems && problems.Contains("upstream local")
            && problems.Contains("What to do"), "the failing upstream is a problem");
        await Go("audit?event=pull");
        await Eventually.True(async () => (await browser.Text("main")).Contains("from 2 gateways"), "both gateways tell their audit lines",
            TimeSpan.FromSeconds(60));
        await Go("");
        await browser.WaitFor("#processes");

        cluster.Gateways.Last().Process.Kill();
        await Eventually.True(async () => (await browser.Text("#processes")).Contains("silent for"), "a gateway that died is silent");

        Task Go(string place) => browser.Evaluate($"location.hash = '#/{place}', ''");

        Task<string> Cell(string table, int row, int cell) =>
            browser.Evaluate($"document.querySelector('#{table} tbody')?.rows[{row}]?.cells[{cell}]?.textContent ?? ''");

        Task<double> Rows(string kind) =>
            Number($"[...document.querySelectorAll('#processes tbody tr')].filter(row => row.cells[0].textContent === '{kind}').length");

        async Task<double> Number(string expression) =>
            double.Parse(await browser.Evaluate($"String({expression})"), CultureInfo.InvariantCulture);
    }

    /// <summary>The silo that was there first has the hour and the reports of all processes.</summary>
    [Fact]
    public async Task When_the_silo_that_keeps_the_hour_dies_the_page_says_so_and_counts_from_then_on()
    {
        await using var upstream = await RecordingUpstream.Start(context => Serve(context, failing: false));
        await using var cluster = await DoorCluster.Start(
            upstream.Url, silos: 1, gateways: 1,
            extraUpstream: ", credentials: { type: basic, username: robot, password: { value: view-canary } }");
        var first = cluster.Silos.First();
        await Eventually.True(
            async () =>
            {
                await Pull(cluster.Gateways.First(), 1);
                return (await Hour(first)).Pulls > 1;
            },
            "the first silo counts");
        var second = await cluster.StartSilo();
        await second.Ready();
        await Eventually.True(async () => (await Hour(second)).Pulls > 1, "the second silo asks the first");

        var killed = DateTimeOffset.UtcNow;
        first.Process.Kill();
        await Eventually.True(
            async () =>
            {
                // A login may be 503 until the one silo that is left knows that it is alone.
                _ = await Record.ExceptionAsync(() => Pull(cluster.Gateways.First(), 1));
                var (pulls, since) = await Hour(second);
                return since > killed && pulls > 0;
            },
            "another silo counts from then on", TimeSpan.FromSeconds(120));
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Open($"{second.AdminUrl}/#/tenants/acme");
        await Eventually.True(async () => (await browser.Text("main")).Contains("Counted since"), "the page says since when it counts");
        await browser.Evaluate("location.hash = '#/', ''");
        await browser.WaitFor("#problems");
        await Eventually.True(
            async () => (await browser.Text("#problems")).Contains("did not say that it ends"), "the silo that died is missed",
            TimeSpan.FromSeconds(60));
        await Eventually.True(async () => (await browser.Text("#processes")).Contains("gateway"), "the gateway is known again");

        static async Task<(double Pulls, DateTimeOffset Since)> Hour(DoorCluster.Member silo)
        {
            using var http = new HttpClient();
            using var answer = await http.GetAsync($"{silo.AdminUrl}/admin/history?tenant=acme");
            if (!answer.IsSuccessStatusCode)
            {
                return (0, DateTimeOffset.MinValue);
            }

            var hour = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
            return (hour.GetProperty("series").GetProperty("pulls").EnumerateArray().Sum(point => point.GetDouble()),
                hour.GetProperty("since").GetDateTimeOffset());
        }
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
