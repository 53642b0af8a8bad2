using RegistryProxy.NodeAgent.Images.Cri;
using RegistryProxy.NodeAgent.Images.Docker;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Images;

/// <summary>The image service over either kind of runtime.</summary>
internal static class ImageServiceExtensions
{
    /// <summary>As kubelet's.</summary>
    private const int MaxMessage = 16 * 1024 * 1024;

    public static void AddImageService(this IServiceCollection services, AgentSettings settings)
    {
        services.AddSingleton<PullCredentials>();
        if (!settings.Runtime.IsDocker)
        {
            services.AddHttpForwarder();
            services.AddSingleton<CriChannel>().AddSingleton<CriPull>().AddSingleton<CriForwarder>();
            return;
        }

        services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = grpc.MaxSendMessageSize = MaxMessage;
            grpc.EnableDetailedErrors = true;
            grpc.Interceptors.Add<FailureInterceptor>();
        });
        services.AddSingleton(settings.Rewrites);
        services.AddSingleton<DockerStore>().AddSingleton<DockerLookup>().AddSingleton<DockerPull>().AddSingleton<DockerRemoval>().AddSingleton<DockerUsage>();
        services.AddSingleton(new DockerConversion(settings.Rewrites, settings.Runtime.Pinned)).AddSingleton<DockerImageService>();
    }

    public static void RunImageService(this IApplicationBuilder app, AgentSettings settings)
    {
        if (settings.Runtime.IsDocker)
        {
            app.UseRouting().UseEndpoints(endpoints => endpoints.MapGrpcService<DockerImageService>());
        }
        else
        {
            var forwarder = app.ApplicationServices.GetRequiredService<CriForwarder>();
            app.Run(forwarder.Handle);
        }
    }
}
