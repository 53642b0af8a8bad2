using System.Text;
using Docker.DotNet.Models;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.NodeAgent.Images.Docker;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>The Docker Engine is another program: what it answers is read within bounds of size and time.</summary>
public sealed class EngineBoundsTests
{
    private static readonly byte[] Spaces = Encoding.ASCII.GetBytes(new string(' ', 64 * 1024));

    /// <summary>What may be on its way when the reader has enough.</summary>
    private const long MaxWritten = EngineAnswers.MaxAnswer + (8L * 1024 * 1024);

    [Fact]
    public async Task An_answer_that_is_too_large_is_not_read_to_its_end()
    {
        var written = 0L;
        await using var engine = await UnixServer.Start(
            HttpProtocols.Http1, async context => written = await Flood(context, EngineAnswers.MaxAnswer * 2L, MaxWritten));
        using var store = Store(engine, TimeProvider.System);
        var fault = await Assert.ThrowsAsync<InvalidDataException>(
            () => store.Query((client, limit) => client.Images.ListImagesAsync(new ImagesListParameters(), limit), default));
        Assert.Contains($"more than {EngineAnswers.MaxAnswer} bytes", fault.Message);
        Assert.InRange(written, 0, MaxWritten);
    }

    [Fact]
    public async Task A_line_of_a_pull_that_is_too_long_is_not_read_to_its_end_and_many_short_ones_are()
    {
        await using var engine = await UnixServer.Start(HttpProtocols.Http1, async context =>
        {
            var line = Encoding.ASCII.GetBytes("{\"status\":\"Downloading\"}\r\n");
            for (var i = 0; i < 100_000; i++)
            {
                await context.Response.Body.WriteAsync(line, context.RequestAborted);
            }

            if (context.Request.QueryString.Value!.Contains("long"))
            {
                await Flood(context, EngineAnswers.MaxLine * 64L);
            }
        });
        using var store = Store(engine, TimeProvider.System);
        await Pull(store, "short");
        var fault = await Assert.ThrowsAsync<InvalidDataException>(() => Pull(store, "long"));
        Assert.Contains($"more than {EngineAnswers.MaxLine} bytes in one line", fault.Message);
    }

    [Fact]
    public async Task An_engine_that_does_not_answer_is_not_waited_for_longer_than_kubelet_waits()
    {
        var time = new FakeTimeProvider();
        var asked = new TaskCompletionSource();
        await using var engine = await UnixServer.Start(HttpProtocols.Http1, async context =>
        {
            asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        using var store = Store(engine, time);
        var answer = store.Query((client, limit) => client.Images.ListImagesAsync(new ImagesListParameters(), limit), default);
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(60));
        time.Advance(DockerStore.MaxAnswerTime);
        var fault = await Assert.ThrowsAsync<RpcException>(() => answer.WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Equal(StatusCode.DeadlineExceeded, fault.StatusCode);
        Assert.Equal($"the Docker Engine at unix://{engine.Socket} did not respond within 2 minutes", fault.Status.Detail);
    }

    private static Task Pull(DockerStore store, string image) => store.Follow(
        client => client.Images.CreateImageAsync(
            new ImagesCreateParameters { FromImage = image, Tag = "v1" }, null, new Progress<JSONMessage>()), default);

    /// <summary>
    /// Writes until nobody reads any more. What is written to a connection that has just ended counts as written: so there is a rest before
    /// the last byte that may be read.
    /// </summary>
    private static async Task<long> Flood(HttpContext context, long bytes, long rest = long.MaxValue)
    {
        var written = 0L;
        try
        {
            for (; written < bytes; written += Spaces.Length)
            {
                if (written >= rest)
                {
                    await Task.Delay(TimeSpan.FromSeconds(30), context.RequestAborted);
                    rest = long.MaxValue;
                }

                await context.Response.Body.WriteAsync(Spaces, context.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // Whoever asked has gone.
        }

        return written;
    }

    private static DockerStore Store(UnixServer engine, TimeProvider time)
    {
        var (settings, errors) = SettingsFile.Parse($"runtime: {{ type: docker, endpoint: \"unix://{engine.Socket}\" }}", "nodeagent.yaml");
        Assert.Empty(errors);
        return new DockerStore(settings!, time);
    }
}
