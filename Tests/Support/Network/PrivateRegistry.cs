using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace RegistryProxy.Tests.Support.Network;

/// <summary>
/// A registry with a token service under a certificate of a company's own authority; it takes certificates of clients, and remembers them.
/// </summary>
internal sealed class PrivateRegistry : IAsyncDisposable
{
    /// <summary>The one manifest that it has, under every name.</summary>
    public const string Manifest = """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[]}""";

    private readonly WebApplication _app;
    private volatile X509Certificate2? _certificate;

    private PrivateRegistry(Func<HttpContext, Task>? answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
        {
            https.ServerCertificateSelector = (_, _) => _certificate;
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            https.ClientCertificateValidation = static (_, _, _) => true;
        })));
        builder.WebHost.UseKestrelHttpsConfiguration();
        _app = builder.Build();
        _app.Run(context =>
        {
            Seen.Enqueue((context.Request.Path, context.Connection.ClientCertificate?.Subject));
            return (answer ?? Serve)(context);
        });
    }

    /// <summary>Paths that were asked for, and who the client said that it is.</summary>
    public ConcurrentQueue<(string Path, string? Client)> Seen { get; } = new();

    /// <summary>Whether clients without a certificate are refused.</summary>
    public bool IsStrict { get; set; }

    public int Port => new Uri(_app.Urls.Single()).Port;

    public string Url => $"https://127.0.0.1:{Port}";

    /// <summary>What its host and port are for clients; its own when <c>null</c>.</summary>
    public string? Authority { get; set; }

    public static async Task<PrivateRegistry> Start((string Certificate, string Key) pair, Func<HttpContext, Task>? answer = null)
    {
        var registry = new PrivateRegistry(answer);
        registry.Show(pair);
        await registry._app.StartAsync();
        return registry;
    }

    /// <summary>Shows another certificate from now on.</summary>
    public void Show((string Certificate, string Key) pair)
    {
        using var ephemeral = X509Certificate2.CreateFromPem(pair.Certificate, pair.Key);
        _certificate = X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private Task Serve(HttpContext context)
    {
        if (IsStrict && context.Connection.ClientCertificate is null)
        {
            context.Response.StatusCode = 403;
            return Task.CompletedTask;
        }

        if (context.Request.Path == "/token")
        {
            return context.Response.WriteAsync("""{"token":"t1","expires_in":300}""");
        }

        if (context.Request.Headers.Authorization != "Bearer t1")
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate =
                $"Bearer realm=\"https://{Authority ?? $"127.0.0.1:{Port}"}/token\",service=\"here\"";
            return Task.CompletedTask;
        }

        context.Response.ContentType = "application/vnd.oci.image.manifest.v1+json";
        return context.Response.WriteAsync(Manifest);
    }
}
