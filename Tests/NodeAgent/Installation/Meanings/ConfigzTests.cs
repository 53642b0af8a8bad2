using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.NodeAgent.Installation.Applying;
using RegistryProxy.NodeAgent.Installation.Kubelet;
using RegistryProxy.NodeAgent.Installation.Records;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.NodeAgent.Installation.Meanings;

/// <summary>What kubelet itself says of its settings counts where it answers, and nothing is held against it where it does not.</summary>
public sealed class ConfigzTests
{
    private const string Ours = "unix:///run/registryproxy/image.sock";

    [Theory]
    [InlineData(200, "{\"kubeletconfig\":{\"imageServiceEndpoint\":\"unix:///run/a.sock\"}}", "unix:///run/a.sock")]
    [InlineData(200, "{\"kubeletconfig\":{\"imageServiceEndpoint\":\"\"}}", null)]
    [InlineData(200, "{\"kubeletconfig\":{\"syncFrequency\":\"1m\"}}", null)]
    [InlineData(200, "{\"kubeletconfig\":{\"imageServiceEndpoint\":7}}", null)]
    [InlineData(200, "{\"kubeletconfig\":[]}", null)]
    [InlineData(200, "[]", null)]
    [InlineData(200, "", null)]
    [InlineData(200, "<html>", null)]
    [InlineData(401, "Unauthorized", null)]
    [InlineData(403, "{\"kubeletconfig\":{\"imageServiceEndpoint\":\"unix:///run/a.sock\"}}", null)]
    [InlineData(302, "", null)]
    public async Task It_is_asked_for_its_image_service(int status, string body, string? service)
    {
        await using var kubelet = await Start(context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = status == 302 ? "/elsewhere" : default;
            return context.Response.WriteAsync(body);
        });
        Assert.Equal(service, await KubeletConfigz.ImageService(AddressOf(kubelet), TimeProvider.System));
    }

    [Fact]
    public async Task An_answer_that_is_too_large_says_nothing()
    {
        const string Answer = "{\"kubeletconfig\":{\"imageServiceEndpoint\":\"unix:///run/a.sock\"}}";
        await using var kubelet = await Start(context => context.Response.WriteAsync(
            Answer + new string(' ', KubeletConfigz.MostBytes), context.RequestAborted));
        Assert.Null(await KubeletConfigz.ImageService(AddressOf(kubelet), TimeProvider.System));
    }

    [Fact]
    public async Task One_that_hangs_is_given_two_seconds_and_one_that_is_not_there_none()
    {
        var (time, asked) = (new FakeTimeProvider(), new TaskCompletionSource());
        var kubelet = await Start(async context =>
        {
            asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        var address = AddressOf(kubelet);
        var answer = KubeletConfigz.ImageService(address, time);
        await asked.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.False(answer.IsCompleted);
        time.Advance(KubeletConfigz.Timeout);
        Assert.Null(await answer.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        await kubelet.DisposeAsync();
        Assert.Null(await KubeletConfigz.ImageService(address, TimeProvider.System));
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData(Ours, 0)]
    [InlineData("unix:///run/other.sock", 1)]
    public async Task Whoever_watches_it_believes_it_before_its_files(string? answer, int code)
    {
        using var node = FakeNode.Of("kubeadm");
        Assert.Equal(0, await node.Install("image-service"));
        var store = new RecordStore(node.Host());
        store.Write(store.Read() with { IsChanging = true });
        Assert.Equal(code, await new KubeletWatch(
            node.Host(), new NodeFiles(node.Host(), node.AgentProgram()), node.Systemd, new WatchTimes(TimeSpan.Zero, TimeSpan.Zero),
            TimeProvider.System, () => Task.FromResult(answer)).Run("image-service", CancellationToken.None));
        if (code != 0)
        {
            Assert.Contains(
                $"kubelet uses {answer} and not {Ours}", node.Read("/var/lib/registryproxy/install/image-service.result"));
        }
    }

    private static async Task<WebApplication> Start(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(
            IPAddress.Loopback, 0, listener => listener.UseHttps(TestCertificates.ForLocalhost("kubelet"))));
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync();
        return app;
    }

    private static Uri AddressOf(WebApplication kubelet) => new($"{kubelet.Urls.Single()}/configz");
}
