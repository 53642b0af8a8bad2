using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Clustering;

/// <summary>Traces by OTLP: gateway, grain and upstream, under the request id that the client saw, and no secret.</summary>
public sealed class TraceTests(Lab lab)
{
    [Fact]
    public async Task A_pull_can_be_followed_by_the_request_id_of_the_client()
    {
        var received = new ConcurrentBag<string>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var collector = builder.Build();
        collector.MapPost("/v1/{kind}", async (HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            received.Add(Encoding.Latin1.GetString(body.ToArray()));
            return Results.Ok();
        });
        await collector.StartAsync();
        var endpoint = collector.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

        await using var door = await FrontDoor.Start(
            DoorConfiguration.Single((await lab.Registry).Url),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), ("OTEL_BSP_SCHEDULE_DELAY", "200"));
        using var alice = door.Client("alice");
        using var response = await alice.Do(HttpMethod.Get, "/v2/trace/app/manifests/v1?ns=127.0.0.1", RegistryClient.Pull("trace/app"));
        var requestId = response.Headers.GetValues("X-Request-Id").Single();
        string All() => string.Join('\n', received);
        await Eventually.True(() => All() is var all && all.Contains(requestId) && all.Contains("/Decide") && all.Contains("/Login") && all.Contains("registryproxy.upstream"), "the spans arrive");
        Assert.DoesNotContain(FrontDoor.PasswordOf("alice"), All());
        Assert.DoesNotContain(await alice.Token(RegistryClient.Pull("trace/app")), All());
    }
}
