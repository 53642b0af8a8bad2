using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using RegistryProxy.Background;
using RegistryProxy.NodeAgent.Control;
using RegistryProxy.NodeAgent.Identity;
using RegistryProxy.NodeAgent.Images;
using RegistryProxy.NodeAgent.Mirror;
using RegistryProxy.NodeAgent.Registries;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.NodeAgent.Sockets;
using RegistryProxy.NodeAgent.Telemetry;

namespace RegistryProxy.NodeAgent.Serving;

/// <summary><c>serve</c>: the image service for kubelet, the socket of the other commands, the mirror, health and metrics.</summary>
internal static class ServeApp
{
    /// <summary>
    /// Calls at a time over one connection. kubelet has one, and pulls that wait must not keep it from asking what is here already.
    /// </summary>
    private const int MaxCalls = 1000;

    public static async Task Run(AgentSettings settings, CancellationToken cancellation)
    {
        var (images, control) = (new SocketFile(settings.Listen), new SocketFile(settings.ControlSocket));
        images.Prepare();
        control.Prepare();
        await using var app = Build(settings, images, control);
        BackgroundFaults.LogTo(app.Services.GetRequiredService<ILoggerFactory>());
        await app.StartAsync(cancellation);
        images.Publish();
        control.Publish();
        ServiceNotification.Ready();
        Console.WriteLine($"image service listening on unix://{settings.Listen}");
        await UntilStopping(app.Lifetime, cancellation);
        control.Remove();
        images.Remove();
        await app.StopAsync(CancellationToken.None);
    }

    private static async Task UntilStopping(IHostApplicationLifetime lifetime, CancellationToken cancellation)
    {
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var told = lifetime.ApplicationStopping.Register(() => stopping.TrySetResult());
        await Task.WhenAny(stopping.Task, Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation));
    }

    private static WebApplication Build(AgentSettings settings, SocketFile images, SocketFile control)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Listen(kestrel, settings, images, control));
        builder.Services.AddSingleton<IConnectionListenerFactory, PatientListenerFactory>();
        builder.Logging.AddAgentLog();
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton(TimeProvider.System).AddSingleton(settings).AddSingleton<IdentityFactory>()
            .AddSingleton<RegistryDirectory>().AddSingleton<CredentialResolver>();
        builder.Services.AddAgentMetrics();
        builder.Services.AddImageService(settings);
        builder.Services.AddSingleton<ControlEndpoints>();
        builder.Services.AddMirror(settings);
        var app = builder.Build();
        app.MapWhen(context => Listener.Is(context, ListenerKind.Images), branch => branch.RunImageService(settings));
        app.MapWhen(context => Listener.Is(context, ListenerKind.Mirror), branch => branch.RunMirror());
        app.MapWhen(context => Listener.Is(context, ListenerKind.Control), branch => branch.RunControl());
        app.MapWhen(context => Listener.Is(context, ListenerKind.Health), branch => branch.RunHealth());
        return app;
    }

    private static void Listen(KestrelServerOptions kestrel, AgentSettings settings, SocketFile images, SocketFile control)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = 1000;
        kestrel.Limits.Http2.MaxStreamsPerConnection = MaxCalls;
        kestrel.ListenUnixSocket(images.Temporary, listener => listener.For(ListenerKind.Images, HttpProtocols.Http2).Use(PeerCheck.Allow));
        kestrel.ListenUnixSocket(
            control.Temporary, listener => listener.For(ListenerKind.Control, HttpProtocols.Http1).Use(PeerCheck.Allow));
        if (settings.Mirror is { } mirror)
        {
            kestrel.Listen(mirror.Listen, ListenerKind.Mirror);
        }

        if (settings.Health is { } health)
        {
            kestrel.Listen(health, ListenerKind.Health);
        }
    }
}
