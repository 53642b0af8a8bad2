using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Mirror;

internal static class MirrorExtensions
{
    public static void AddMirror(this IServiceCollection services, AgentSettings settings)
    {
        if (settings.Mirror is not null)
        {
            services.AddHttpForwarder();
            services.AddSingleton<MirrorEndpoint>();
        }
    }

    public static void RunMirror(this IApplicationBuilder app)
    {
        if (app.ApplicationServices.GetService<MirrorEndpoint>() is { } mirror)
        {
            app.Run(mirror.Handle);
        }
    }
}
