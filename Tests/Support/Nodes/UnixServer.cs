using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Support.Nodes;

/// <summary>A server of the test's own on a unix socket: remembers every request and answers as the test says.</summary>
internal sealed class UnixServer : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private WebApplication _app = null!;

    public ConcurrentQueue<RecordedRequest> Requests { get; } = new();

    public string Socket => _folder.File("server.sock");

    public static async Task<UnixServer> Start(HttpProtocols protocols, Func<HttpContext, Task> answer)
    {
        var server = new UnixServer();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(server.Socket, listener => listener.Protocols = protocols));
        server._app = builder.Build();
        server._app.Run(context =>
        {
            server.Requests.Enqueue(new RecordedRequest(
                context.Request.Method, context.Features.Get<IHttpRequestFeature>()!.RawTarget, context.Request.Headers.ToDictionary(
                    header => header.Key, header => header.Value.ToString())));
            return answer(context);
        });
        await server._app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _folder.Dispose();
    }
}
