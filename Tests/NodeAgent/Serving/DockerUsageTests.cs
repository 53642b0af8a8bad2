using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.NodeAgent.Images.Docker;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.NodeAgent.Serving;

/// <summary>kubelet does not start before it is told how much room images take: nothing that takes long is waited for.</summary>
public sealed class DockerUsageTests
{
    private static readonly TimeSpan Hanging = TimeSpan.FromSeconds(60);

    private readonly FakeTimeProvider _time = new();
    private readonly TaskCompletionSource _containers = new(), _images = new(), _askedImages = new();
    private string? _driver;

    [Fact]
    public async Task The_sizes_of_containers_are_not_waited_for_and_come_later()
    {
        await using var engine = await Start();
        using var store = Store(engine);
        var usage = new DockerUsage(store, _time);
        _images.SetResult();
        var first = await usage.Info(default).WaitAsync(Hanging);
        Assert.Equal(700ul, Assert.Single(first.ImageFilesystems).UsedBytes.Value);
        Assert.Equal(0ul, Assert.Single(first.ContainerFilesystems).UsedBytes.Value);
        _containers.SetResult();
        await Eventually.True(
            async () => (await usage.Info(default)).ContainerFilesystems[0].UsedBytes.Value == 30, "the sizes of containers are known");
    }

    [Fact]
    public async Task Images_are_waited_for_a_moment()
    {
        await using var engine = await Start();
        using var store = Store(engine);
        var usage = new DockerUsage(store, _time);
        var first = usage.Info(default);
        await _askedImages.Task.WaitAsync(Hanging);
        Assert.False(first.IsCompleted);
        await Eventually.True(() =>
        {
            _time.Advance(DockerUsage.FirstImagesTimeout);
            return first.IsCompleted;
        }, "it answers");
        Assert.Equal("/", Assert.Single((await first).ImageFilesystems).FsId.Mountpoint);
        _images.SetResult();
        Assert.Equal(700ul, Assert.Single((await usage.Info(default).WaitAsync(Hanging)).ImageFilesystems).UsedBytes.Value);
    }

    [Fact]
    public async Task Containers_that_cannot_be_listed_cost_the_images_nothing()
    {
        await using var engine = await Start();
        using var store = Store(engine);
        var usage = new DockerUsage(store, _time);
        _images.SetResult();
        _containers.SetException(new InvalidOperationException("of the test's"));
        foreach (var _ in Enumerable.Range(0, 3))
        {
            var info = await usage.Info(default).WaitAsync(Hanging);
            Assert.Equal(700ul, Assert.Single(info.ImageFilesystems).UsedBytes.Value);
            _time.Advance(TimeSpan.FromMinutes(1));
        }
    }

    [Theory]
    [InlineData(null, "")]
    [InlineData("io.containerd.snapshotter.v1", "/containerd/daemon")]
    public async Task The_room_is_that_of_the_disk_on_which_images_are(string? driver, string below)
    {
        using var folder = new TemporaryFolder();
        _driver = driver;
        Directory.CreateDirectory(folder.File("containerd/daemon"));
        await using var engine = await Start(folder.Path);
        using var store = Store(engine);
        _images.SetResult();
        var info = await new DockerUsage(store, _time).Info(default).WaitAsync(Hanging);
        Assert.Equal(folder.Path + below, Assert.Single(info.ImageFilesystems).FsId.Mountpoint);
        Assert.Equal(folder.Path + below, Assert.Single(info.ContainerFilesystems).FsId.Mountpoint);
    }

    private Task<UnixServer> Start(string root = "/") => UnixServer.Start(HttpProtocols.Http1, async context =>
    {
        var path = context.Features.Get<IHttpRequestFeature>()!.RawTarget.Split('?')[0];
        if (path.EndsWith("/info", StringComparison.Ordinal))
        {
            string[][] status = _driver is null ? [["Backing Filesystem", "extfs"]] : [["driver-type", _driver]];
            await Answer(context, new { DockerRootDir = root, DriverStatus = status });
        }
        else if (path.EndsWith("/images/json", StringComparison.Ordinal))
        {
            _askedImages.TrySetResult();
            await _images.Task.WaitAsync(context.RequestAborted);
            await Answer(context, new[] { new { Id = "sha256:a", Size = 700, SharedSize = 0 } });
        }
        else
        {
            await _containers.Task.WaitAsync(context.RequestAborted);
            await Answer(context, new[] { new { Id = "a", SizeRw = 30 } });
        }
    });

    private static Task Answer(HttpContext context, object value)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(JsonSerializer.Serialize(value));
    }

    private DockerStore Store(UnixServer engine)
    {
        var (settings, errors) = SettingsFile.Parse($"runtime: {{ type: docker, endpoint: \"unix://{engine.Socket}\" }}", "nodeagent.yaml");
        Assert.Empty(errors);
        return new DockerStore(settings!, _time);
    }
}
