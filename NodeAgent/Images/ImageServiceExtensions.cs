using RegistryProxy.NodeAgent.Images.Cri;
using RegistryProxy.NodeAgent.Images.Docker;
using RegistryProxy.NodeAgent.Images.Pulls;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Images;

/// <summary>The image service over either kind of runtime.</summary>
internal static class ImageServiceExtensions
{
    public static void AddImageService(this IServiceCollection services, AgentSettings settings)
    {
        services.AddSingleton<PullCredentials>();
        if (!settings.Runtime.IsDocker)
        {
            services.AddHttpForwarder();
            services.AddSingleton<CriChannel>().AddSingleton<CriCall>().AddSingleton<CriPull>().AddSingleton<CriForwarder>();
            return;
        }

        services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = grpc.MaxSendMessageSize = GrpcMessage.MaxMessage;
            grpc.EnableDetailedErrors = true;
            grpc.Interceptors.Add<FailureInterceptor>();
        });
        services.AddSingleton(settings.Rewrites);
        services.AddSingleton<DockerStore>().AddSingleton<DockerLookup>().AddSingleton<DockerSizes>().AddSingleton<DockerImages>()
            .AddSingleton<DockerPull>().AddSingleton<DockerRemoval>().AddSingleton<DockerUsage>();
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
