using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace RegistryProxy.Benchmarks.SideBySide;

/// <summary>YARP's direct forwarding as its documentation shows it: what a proxy in .NET costs before anything is made better.</summary>
internal static class BareYarp
{
    public static async Task Run(string listen, string upstream)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(listen);
        builder.Services.AddHttpForwarder();
        var app = builder.Build();
        var forwarder = app.Services.GetRequiredService<IHttpForwarder>();
        using var client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false, AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None, UseCookies = false,
        });
        app.Run(async context => await forwarder.SendAsync(context, upstream, client));
        await app.RunAsync();
    }
}
